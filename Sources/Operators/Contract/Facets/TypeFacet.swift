package import IR

/// What follows about an operator's outputs before anything is computed.
package protocol TypeFacet {
  /// Types of the outputs, and their values where these follow from shapes.
  func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred]

  /// The output of an operator that holds a constant in an attribute; nil for all others.
  var constantValue: Tensor? { get }

  /// Whether output 0 always equals input 0, so that the node can go. False by default.
  func isIdentity(_ inputs: Inputs, _ outputs: [TensorType]) -> Bool
}

extension TypeFacet {
  package var constantValue: Tensor? { nil }
  package func isIdentity(_ inputs: Inputs, _ outputs: [TensorType]) -> Bool { false }
}
