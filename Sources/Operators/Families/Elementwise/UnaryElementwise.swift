package import IR
package import Kernels

/// One tensor in, one of the same type and shape out, each element by itself.
package protocol UnaryElementwise: Operator {
  /// The function of an element.
  var function: UnaryFunction { get }
}

extension UnaryElementwise {
  package var conditioning: Conditioning { function.conditioning }

  package var computation: Computation? { .function(function) }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    let data = function.onDimensions.flatMap { inputs.shapeData(0)?.map($0) }
    return [Inferred(inputs.type(0), data: data)]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let x = try context.source(0)
    let y = try context.output(0, context.input(0).elementType, x.shape)
    guard unary(function, x, into: y) else { throw context.unsupportedTypes([0]) }
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .elementwise(inputs: [(0, inputs.shape(0))], outputs: outputs)
  }
}
