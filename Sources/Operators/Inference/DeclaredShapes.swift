/// What the shapes that a file declares for computed values count for where they contradict the
/// inferred ones. Element types that contradict are an error either way, and so is what two
/// operators say of one value.
package enum DeclaredShapes: Sendable {
  /// The inferred shape holds, as it does in runtimes, and `TypedGraph.contradictions` says so: exporters
  /// do declare outputs with shapes of their sample, or with a rank of their own.
  case advisory
  /// A contradiction is an error.
  case required
}
