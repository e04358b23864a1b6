package import IR
private import Kernels

/// Writes new entries into a cache at a place of its own for each sample
/// (https://onnx.ai/onnx/operators/onnx__TensorScatter.html).
///
/// Inputs: the cache, the entries, and the first index that each sample writes, 0 where left out.
package struct TensorScatter: Operator {
  package static let schema = Schema(
    "TensorScatter", opsets: 24...28,
    signature: """
      24: (T, T, int64?) -> T; <axis: int = -2, mode: string = linear>;
        T: all float8 int4s bfloat16 float4e2m1 float8e8m0
      """)
  package static let traits = Traits(auxiliaryInputs: [2])
  let axis: Int
  /// Whether indices beyond the end start again at the beginning.
  let isCircular: Bool

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    axis = try node.int("axis", default: -2)
    let mode = try node.string("mode", default: "linear")
    guard mode == "linear" || mode == "circular" else {
      throw node.mismatch("mode", expected: "'linear' or 'circular'", found: "'\(mode)'")
    }
    isCircular = mode == "circular"
  }

  /// The axis made non-negative; it cannot be that of samples.
  private func sequenceAxis(rank: Int, label: String) throws(ModelError) -> Int {
    let place = axis < 0 && axis >= -rank ? axis + rank : axis
    guard place > 0, place < rank else {
      throw ModelError(
        .invalid,
        "\(label), attribute 'axis': expected an axis of rank \(rank) after the first, found \(axis)"
      )
    }
    return place
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    if let rank = inputs.rank(0) {
      let axis = try sequenceAxis(rank: rank, label: inputs.label)
      if let update = inputs.shape(1), let cache = inputs.shape(0) {
        try inputs.requireRank(1, rank...rank)
        for other in 0..<rank {
          guard let a = cache[other].value, let b = update[other].value else { continue }
          guard a == b || (other == axis && b < a) else {
            throw inputs.mismatch(1, expected: "a shape within \(cache)", found: "\(update)")
          }
        }
      }
    }
    return [Inferred(inputs.type(0))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let cache = try context.input(0), update = try context.input(1)
    let axis = try sequenceAxis(rank: cache.shape.count, label: context.label)
    let length = cache.shape[axis]
    guard update.elementType == cache.elementType, update.shape.count == cache.shape.count,
      cache.shape.indices.allSatisfy({
        update.shape[$0] == cache.shape[$0] || ($0 == axis && update.shape[$0] < length)
      })
    else {
      throw context.mismatch(
        1, expected: "a shape within \(TensorType(cache.elementType, cache.shape))",
        found: "\(TensorType(update.elementType, update.shape))")
    }
    let count = update.shape[axis]
    let starts = try context.integers(2) ?? [Int](repeating: 0, count: cache.shape[0])
    guard starts.count == cache.shape[0],
      starts.allSatisfy({ $0 >= 0 && (isCircular || $0 <= length - count) })
    else {
      throw context.mismatch(
        2, expected: "\(cache.shape[0]) indices that leave room for \(count) of \(length)",
        found: "\(starts)")
    }
    let width = try context.elementWidth()
    let y = try context.bytes(cache.elementType, cache.shape)
    y.copyMemory(from: cache.bytes)
    guard let to = y.baseAddress, let from = update.bytes.baseAddress, update.count > 0 else {
      return
    }
    let inner = cache.shape[(axis + 1)...].reduce(1, *)
    let middle = cache.shape[1..<axis].reduce(1, *)
    let offsets = (0..<cache.shape[0] * middle).flatMap { row in
      (0..<count).map { (row * length + (starts[row / middle] % length + $0) % length) * inner }
    }
    scatterRuns(offsets, run: inner, width: width, from: from, to: to)
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    guard let shape = inputs.shape(0),
      let axis = try? sequenceAxis(rank: shape.rank, label: inputs.label)
    else { return .barrier("shape of input 0 is not known") }
    var relations: [ChannelRule.Relation] = []
    for other in shape.dimensions.indices {
      if other == axis || other == 0 {
        for index in 0...1 {
          relations.append(.freeze(Axis(.input(index), other), reason: "indices into a cache"))
        }
        continue
      }
      relations.append(.same(Axis(.input(0), other), Axis(.output(0), other)))
      relations.append(.same(Axis(.input(1), other), Axis(.output(0), other)))
    }
    return ChannelRule(relations)
  }
}

extension TensorScatter {
  package var gradient: Gradient { .none("its derivative is not written") }
}
