package import IR

/// Operators of the project's own, of which graphs of gradients are made where standard ones are slow
/// or do not suffice. They are never written into a user's model.
package enum Inner {
  package static let domain = "ai.lapidary"
  package static let version = 1

  package static let slope = Slope.schema.op
  package static let moved = MovedBack.schema.op
  package static let sumLike = SumLike.schema.op
  package static let gathered = GatheredBack.schema.op
  package static let convolutionData = ConvolutionData.schema.op
  package static let convolutionWeights = ConvolutionWeights.schema.op
  package static let pooled = PooledBack.schema.op
  package static let resampled = ResampledBack.schema.op
  package static let quantization = QuantizationBack.schema.op
  package static let recurrent = RecurrentBack.schema.op

  static let operatorName = "of", operatorDomain = "of_domain", operatorOpset = "of_opset"
}

extension NodeView {
  /// The operator that an inner one says something of; its attributes stand among this one's.
  ///
  /// - Parameter inputs: which of its operands are there.
  func innerSubject(inputs: [Bool], outputs: [Bool] = [true]) throws(ModelError) -> any Operator {
    let name = OperatorName(
      try string(Inner.operatorName), domain: try string(Inner.operatorDomain, default: ""))
    let own: Set = [Inner.operatorName, Inner.operatorDomain, Inner.operatorOpset]
    let view = NodeView(
      label: label, attributes: attributes.filter { !own.contains($0.name) }, inputs: inputs,
      outputs: outputs)
    guard let op = try Registry.make(name, opset: int(Inner.operatorOpset), view) else {
      throw mismatch(Inner.operatorName, expected: "an operator that is known", found: "\(name)")
    }
    return op
  }
}

/// What operators of the inner domain have in common: they follow from a finished model, so that
/// nothing is cut or quantized behind them.
package protocol InnerOperator: Operator {}

extension InnerOperator {
  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .barrier("graphs of gradients are not cut")
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm {
    .float(reason: "graphs of gradients are not quantized")
  }

  package var gradient: Gradient { .none("it is part of a derivative itself") }
}
