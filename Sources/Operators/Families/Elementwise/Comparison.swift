package import IR
package import Kernels

/// Two tensors in, a bool for each pair of elements out, with multidirectional broadcasting
/// (https://onnx.ai/onnx/repo-docs/Broadcasting.html).
package protocol Comparison: Operator {
  /// What is asked of each pair.
  var predicate: Predicate { get }
}

extension Comparison {
  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    let data = inputs.combineData([0, 1]) { predicate.onDimensions($0[0], $0[1]) }
    return [Inferred(.bool, try inputs.broadcast([0, 1]), data: data)]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let a = try context.source(0)
    let b = try context.source(1)
    let y = try context.output(0, .bool, context.broadcast([0, 1]))
    guard compare(predicate, a, b, into: y) else { throw context.unsupportedTypes([0, 1]) }
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .elementwise(inputs: [(0, inputs.shape(0)), (1, inputs.shape(1))], outputs: outputs)
  }
}

extension Comparison {
  package var gradient: Gradient { .zero }
}
