internal import IR

extension QuantizationTarget {
  /// No runtime in particular: every operator in integers that has such a form, with weights that are
  /// safe everywhere.
  package static let generic = QuantizationTarget(name: "A runtime", kernels: [:]).with {
    $0.takesAll = true
    $0.wideActivations = ActivationGrid(.uint16)
    $0.weights = .sevenBits
    $0.widensWeights = true
  }
}
