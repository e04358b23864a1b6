package import IR

/// An operator on pairs of elements as it was before opset 7: the second operand's axes go along with
/// those of the first from an axis on that an attribute names, or with its last ones.
///
/// The second operand is seen with axes of length 1 added behind, and is then what the operator of
/// opset 7 takes.
package struct BeforeOpset7<Modern: Operator>: Operator {
  package static var schema: Schema {
    Schema(
      Modern.schema.op.type, opsets: (Modern.self == PRelu.self ? 6 : 1)...6, inputs: 2...2)
  }
  package static var traits: Traits {
    Traits(
      auxiliaryInputs: Modern.traits.auxiliaryInputs, trainedInputs: Modern.traits.trainedInputs)
  }

  private let modern: Modern
  /// The axis of the first operand that goes with the first of the second.
  private let axis: Int?

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    modern = try Modern(node, opset: 7)
    // The slope of PRelu has one number a channel.
    axis =
      Modern.self == PRelu.self ? 1 : node.has("axis") ? try node.int("axis") : nil
  }

  /// How many axes of length 1 the second operand gets.
  private func padding(_ first: Int, _ second: Int, _ label: String) throws(ModelError) -> Int {
    guard let axis, second > 0 else { return 0 }
    let start = axis < 0 ? axis + first : axis
    guard start >= 0, start < max(first, 1) else {
      throw ModelError(
        .invalid,
        "\(label), attribute 'axis': expected a value in [-\(first), \(first - 1)], found \(axis)")
    }
    return max(0, first - start - second)
  }

  private func aligned(_ inputs: Inputs) throws(ModelError) -> Inputs {
    guard let first = inputs.rank(0), var shape = inputs.shape(1), var operand = inputs[1] else {
      return inputs
    }
    let count = try padding(first, shape.rank, inputs.label)
    shape.dimensions += [Dimension](repeating: 1, count: count)
    operand.type = TensorType(operand.type.elementType, shape)
    return Inputs(label: inputs.label, [inputs[0], operand])
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    let known = inputs.rank(0) != nil && inputs.rank(1) != nil
    // The result has the first operand's shape.
    guard known || axis == nil else {
      return try modern.infer(Inputs(label: inputs.label, [inputs[0], inputs[0]]))
    }
    return try modern.infer(try aligned(inputs))
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let second = try context.input(1)
    let count = try padding(context.input(0).shape.count, second.shape.count, context.label)
    let shape = second.shape + [Int](repeating: 1, count: count)
    var inner = context.replacing(1, with: TensorView(second.elementType, shape, second.bytes))
    try modern.evaluate(&inner)
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    guard let inputs = try? aligned(inputs) else { return .barrier("axes do not go together") }
    return modern.channels(inputs, outputs)
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm {
    .float(reason: "operators of opset 6 are not quantized")
  }
}

extension BeforeOpset7 {
  package var gradient: Gradient {
    axis == nil ? modern.gradient : .none("its axes go along as before opset 7")
  }
}
