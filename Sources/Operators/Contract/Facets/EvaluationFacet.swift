package import IR

/// How an operator is computed, and what that costs.
package protocol EvaluationFacet {
  /// Computes the outputs with the reference kernels.
  func evaluate(_ context: inout Evaluation) throws(ModelError)

  /// Whether the result for constants may be computed beforehand. False for random numbers, and for
  /// DequantizeLinear, which keeps a weight small.
  var isFoldable: Bool { get }

  /// The graphs that the operator runs as parts of itself: subgraphs in its attributes, in the order
  /// of these, or the body of a function. None by default.
  var bodies: [Body] { get }

  /// How errors of the operands show in the output. `absolute` by default.
  var conditioning: Conditioning { get }

  /// Multiply-accumulates for the given types, or nil when a length is not known. None by default.
  func macs(_ inputs: Inputs, _ outputs: [TensorType]) -> Int?
}

extension EvaluationFacet {
  package var isFoldable: Bool { true }
  package var bodies: [Body] { [] }
  package var conditioning: Conditioning { .absolute }
  package func macs(_ inputs: Inputs, _ outputs: [TensorType]) -> Int? { 0 }
}
