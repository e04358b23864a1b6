package import IR
private import Kernels

/// Puts the results of MaxPool back where their indices say, zeros elsewhere
/// (https://onnx.ai/onnx/operators/onnx__MaxUnpool.html).
package struct MaxUnpool: Operator {
  package static let schema = Schema(
    "MaxUnpool", opsets: 9...28,
    signature: """
      9: (T1, T2, T2?) -> T1; <kernel_shape: ints!, pads: ints, strides: ints>; T1: floats;
        T2: int64
      22: T1 + bfloat16
      """)
  package static let traits = Traits(
    auxiliaryInputs: [1, 2], attributeDefaults: ["pads": .ints([0]), "strides": .ints([1])])
  private let window: SlidingWindow

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    window = try SlidingWindow(node, requiresKernel: true)
  }

  /// The shape that MaxPool had before it, as far as its attributes tell.
  private func unpooled(_ shape: Shape) -> Shape {
    let kernel = window.kernel ?? [], rank = kernel.count
    let strides = window.strides(rank), pads = window.pads(rank)
    return Shape(
      shape.dimensions.prefix(2)
        + (0..<rank).map { axis in
          let offset = kernel[axis] - pads[axis] - pads[rank + axis] - strides[axis]
          return shape[axis + 2] * .known(strides[axis]) + .known(offset)
        })
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    let rank = (window.kernel?.count ?? 0) + 2
    try inputs.requireRank(0, rank...rank)
    if inputs.has(2) {
      let unknown = [Dimension](repeating: .unknown, count: rank)
      return [Inferred(inputs.elementType(0), Shape(inputs.data(2) ?? unknown))]
    }
    return [Inferred(inputs.elementType(0), inputs.shape(0).map(unpooled))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let x = try context.input(0)
    let rank = (window.kernel?.count ?? 0) + 2
    try context.require(x.shape.count == rank, 0, "rank \(rank)")
    guard let inner = unpooled(Shape(x.shape)).known, let count = checkedProduct(inner) else {
      throw context.mismatch(0, expected: "a window that fits", found: "shape \(x.shape)")
    }
    let shape = try context.integers(2) ?? inner
    let fits =
      shape.count == rank && checkedProduct(shape) != nil
      && zip(shape, inner).allSatisfy { $0 >= $1 }
    try context.require(fits, 2, "a shape of at least \(inner)")
    let places = try context.requiredIntegers(1)
    try context.require(places.count == x.count, 1, "\(x.count) indices")
    if let wrong = places.first(where: { $0 < 0 || $0 >= count }) {
      throw context.mismatch(1, expected: "indices in [0, \(count - 1)]", found: "\(wrong)")
    }
    let width = try context.elementWidth()
    let y = try context.bytes(x.elementType, shape)
    guard let to = y.baseAddress, let from = x.bytes.baseAddress else { return }
    to.initializeMemory(as: UInt8.self, repeating: 0, count: y.count)
    if let label = context.createdLabel, x.elementType == .int64 {
      y.bindMemory(to: Int64.self).update(repeating: Int64(label))
    }
    let steps = strides(of: inner), wide = strides(of: shape)
    let offsets = places.map { place in
      inner.indices.reduce(0) { $0 + place / steps[$1] % inner[$1] * wide[$1] }
    }
    scatterRuns(offsets, run: 1, width: width, from: from, to: to)
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .barrier("indices count through all channels")
  }
}

extension MaxUnpool {
  package var gradient: Gradient { .moved }
}
