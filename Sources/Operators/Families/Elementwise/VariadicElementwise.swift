package import IR
package import Kernels

/// Any number of tensors in, one out, element by element with multidirectional broadcasting.
package protocol VariadicElementwise: Operator {
  /// How two elements become one.
  var function: BinaryFunction { get }
  /// Whether the result is divided by the number of inputs.
  var divides: Bool { get }
}

extension VariadicElementwise {
  package var conditioning: Conditioning { function.conditioning }

  package var computation: Computation? { divides ? nil : .binary(function) }

  package var divides: Bool { false }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    let all = Array(0..<inputs.count)
    let data: [Dimension]? =
      if !divides, let combine = function.onDimensions(inputs.elementType(0)) {
        inputs.combineData(all) { operands in operands.dropFirst().reduce(operands[0], combine) }
      } else {
        nil
      }
    return [Inferred(inputs.elementType(0), try inputs.broadcast(all), data: data)]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let count = context.inputs.count
    let first = try context.source(0)
    let shape = try context.broadcast(Array(0..<count))
    let y = try context.output(0, context.input(0).elementType, shape)
    guard broadcastCopy(first, into: y) else { throw context.unsupportedTypes([0]) }
    let sum = Source(y.scalar, y.shape, UnsafeRawBufferPointer(y.bytes))
    for index in 1..<max(1, count) {
      guard binary(function, sum, try context.source(index), into: y) else {
        throw context.unsupportedTypes([0, index])
      }
    }
    guard divides else { return }
    let divided = withUnsafeBytes(of: Double(count)) { bytes in
      scaled(sum, by: Source(.double, [], bytes), into: y)
    }
    guard divided else { throw context.unsupportedTypes([0]) }
  }

  private func scaled(_ x: Source, by count: Source, into y: Target) -> Bool {
    var storage = 0.0
    return withUnsafeMutableBytes(of: &storage) { bytes in
      guard convert(count, into: Target(y.scalar, [], bytes)) else { return false }
      return binary(.divide, x, Source(y.scalar, [], UnsafeRawBufferPointer(bytes)), into: y)
    }
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .elementwise(inputs: (0..<inputs.count).map { ($0, inputs.shape($0)) }, outputs: outputs)
  }
}

extension VariadicElementwise {
  /// A rule for each operand alone; `count` says how many there are.
  func variadic(
    _ rule: @escaping @Sendable (_ g: Term, _ x: Term, _ y: Term, _ count: Int) -> Term
  ) -> Gradient {
    .rule { call throws(ModelError) in
      let g = try call.cotangent(0), y = try call.output(0), count = call.node.inputs.count
      return try call.node.inputs.indices.map { index throws(ModelError) in
        try call.summed(rule(g, try call.input(index), y, count), like: index)
      }
    }
  }

  /// The rule of an extreme: operands that are equal to it share its cotangent.
  ///
  /// - Parameter misses: whether an operand is another one than the result.
  func shared(_ misses: @escaping @Sendable (_ x: Term, _ y: Term) -> Term) -> Gradient {
    .rule { call throws(ModelError) in
      let g = try call.cotangent(0), y = try call.output(0)
      let hits = try call.node.inputs.indices.map { index throws(ModelError) in
        misses(try call.input(index), y).negated.cast(to: y.type.elementType).typed(as: y.type)
      }
      guard let first = hits.first else { return [] }
      let part = g / hits.dropFirst().reduce(first) { $0 + $1 }
      return try hits.enumerated().map { index, hit throws(ModelError) in
        try call.summed((hit * part).typed(as: y.type), like: index)
      }
    }
  }
}
