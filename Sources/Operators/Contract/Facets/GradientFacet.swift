/// What an operator's derivative is.
package protocol GradientFacet {
  /// The vector-Jacobian product, or why there is none. No default, on purpose.
  var gradient: Gradient { get }
}
