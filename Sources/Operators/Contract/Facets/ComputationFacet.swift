/// What an operator computes, for those who compute it in another way than its kernels.
package protocol ComputationFacet {
  /// What the operator computes in terms that name no operator; nil, the default, for those that only
  /// their kernels compute.
  var computation: Computation? { get }
}

extension ComputationFacet {
  package var computation: Computation? { nil }
}
