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
