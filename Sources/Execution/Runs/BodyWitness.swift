package import IR

/// Someone who wants to see on what the bodies of a graph's nodes are run.
package protocol BodyWitness: AnyObject {
  /// Shows one run.
  ///
  /// - Parameters:
  ///   - body: the place among the operator's bodies.
  ///   - values: the body's inputs and what it reads of the graph around it, by the names that the
  ///     body has for them.
  func witness(_ node: NodeID, body: Int, _ values: [String: Datum])
}
