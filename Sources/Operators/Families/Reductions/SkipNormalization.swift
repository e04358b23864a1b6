package import IR
import Kernels

/// Normalisation over the last axis of `x + skip + bias`; output 3 is the sum itself.
package protocol SkipNormalization: Operator {
  var epsilon: Float { get }
  /// Whether the mean is taken off.
  static var usesMean: Bool { get }
  /// Which inputs are the normalisation's scale and shift, and the bias of the sum.
  static var parameters: (scale: Int, shift: Int?, bias: Int) { get }
}

extension SkipNormalization {

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    try inputs.requireRank(0, 2...3)
    let type = inputs.type(0)
    for index in [Self.parameters.scale, Self.parameters.shift, Self.parameters.bias] {
      guard let index, let own = inputs.shape(index), let length = type.shape?.dimensions.last,
        own.rank != 1 || (own[0].value != nil && length.value != nil && own[0] != length)
      else { continue }
      throw inputs.mismatch(index, expected: "shape [\(length)]", found: "\(own)")
    }
    var statistics = type.shape
    if let rank = statistics?.rank { statistics?[rank - 1] = 1 }
    return [
      Inferred(type), Inferred(.float, statistics), Inferred(.float, statistics), Inferred(type),
    ]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let x = try context.source(0), skip = try context.source(1)
    let type = try context.input(0).elementType
    guard let length = x.shape.last, x.shape.count >= 2 else {
      throw context.mismatch(0, expected: "rank 2 or 3", found: "shape \(x.shape)")
    }
    guard skip.shape.count <= x.shape.count, broadcastShape(x.shape, skip.shape) == x.shape,
      skip.shape.last == length
    else {
      throw context.mismatch(
        1, expected: "a shape that broadcasts to \(x.shape)", found: "shape \(skip.shape)")
    }
    let scratch = context.wants(3) ? nil : try Scratch(x.scalar, x.shape, label: context.label)
    let sum: Target
    if let scratch { sum = scratch.target } else { sum = try context.output(3, type, x.shape) }
    let read = Source(sum.scalar, sum.shape, UnsafeRawBufferPointer(sum.bytes))
    guard binary(.add, x, skip, into: sum) else { throw context.unsupportedTypes([0, 1]) }
    if context.optional(Self.parameters.bias) != nil {
      let bias = try context.source(Self.parameters.bias)
      guard bias.shape == [length], binary(.add, read, bias, into: sum) else {
        throw context.mismatch(
          Self.parameters.bias, expected: "shape [\(length)]", found: "shape \(bias.shape)")
      }
    }
    let shift = try Self.parameters.shift.map { index throws(ModelError) in
      try context.parameters(index, shape: [length])
    }
    let rows = RowNormalization(
      Self.usesMean ? .variance : .meanSquare, rows: x.shape.dropLast().reduce(1, *),
      length: length, epsilon: Double(epsilon),
      scale: try context.parameters(Self.parameters.scale, shape: [length]), bias: shift ?? [])
    let statistics = x.shape.dropLast() + [1]
    let y = try context.output(0, type, x.shape)
    let mean = context.wants(1) ? try context.output(1, .float, Array(statistics)) : nil
    let inverse = context.wants(2) ? try context.output(2, .float, Array(statistics)) : nil
    let done = rows.run(read, into: y, mean: mean, inverse: inverse)
    withExtendedLifetime(scratch) {}
    guard done else { throw context.unsupportedTypes([0]) }
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    guard let shape = inputs.shape(0) else { return .barrier("shape of input 0 is not known") }
    let (scale, shift, bias) = Self.parameters
    let full = [0, 1].map { ($0, inputs.shape($0)) }
    let vectors = [scale, shift, bias].compactMap { $0 }.filter { inputs.has($0) }
    let sums = outputs.indices.filter { $0 == 0 || $0 == 3 }
    var relations: [ChannelRule.Relation] = []
    let last = shape.rank - 1
    for axis in shape.dimensions.indices {
      for output in outputs.indices where sums.contains(output) || axis < last {
        relations.append(.same(Axis(.input(0), axis), Axis(.output(output), axis)))
      }
    }
    for (index, own) in full.dropFirst() {
      guard let own, own.rank <= shape.rank else {
        return .barrier("the shape of input \(index) is not known or does not fit")
      }
      for axis in own.dimensions.indices where own[axis] == shape[axis + shape.rank - own.rank] {
        relations.append(
          .same(Axis(.input(index), axis), Axis(.input(0), axis + shape.rank - own.rank)))
      }
    }
    relations += vectors.map { .same(Axis(.input(0), last), Axis(.input($0), 0)) }
    relations.append(.doesNotCommute(Axis(.input(0), last)))
    relations.append(.scales(Axis(.input(scale), 0)))
    return ChannelRule(relations)
  }
}

extension SkipNormalization {
  /// The rule of normalisation of a sum, which may be a result too.
  var skipGradient: Gradient {
    .rule { [self] call throws(ModelError) in
      let (scaleSlot, shiftSlot, biasSlot) = Self.parameters
      let rank = try call.shape(0).rank
      let g = try call.cotangent(0), x = try call.input(0), scale = try call.input(scaleSlot)
      var sum = x + (try call.input(1))
      if call.has(biasSlot) { sum = sum + (try call.input(biasSlot)) }
      sum = sum.typed(as: x.type)
      let (elements, back) = call.normalized(
        sum, [rank - 1], epsilon: Double(epsilon), usesMean: Self.usesMean)
      var whole = back((g * scale).typed(as: x.type))
      if let other = call.cotangents[safe: 3] ?? nil { whole = (whole + other).typed(as: x.type) }
      var result = [Term?](repeating: nil, count: call.node.inputs.count)
      result[0] = whole
      result[1] = try call.summed(whole, like: 1)
      result[scaleSlot] = try call.summed((g * elements).typed(as: x.type), like: scaleSlot)
      if let shiftSlot, call.has(shiftSlot) {
        result[shiftSlot] = try call.summed(g, like: shiftSlot)
      }
      if call.has(biasSlot) { result[biasSlot] = try call.summed(whole, like: biasSlot) }
      return result
    }
  }
}
