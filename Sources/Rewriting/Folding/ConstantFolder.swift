package import IR
package import Operators

/// Which results of constants are computed beforehand, in `fuse` and in sessions alike: what can be,
/// and how many bytes all of them together may add to the constants that are there.
package struct ConstantFolder: Sendable {
  /// Bytes that computed constants may still add, the constants that they free counted.
  package private(set) var spareBytes: Int

  /// A folder that has added nothing yet.
  package init(spareBytes: Int) { self.spareBytes = spareBytes }

  /// Whether the result for constants may be computed beforehand: false for random numbers, for
  /// nodes that run graphs of their own, and for weights that are stored as integers.
  package func folds(_ op: any Operator, capturesValues: Bool = false) -> Bool {
    op.isFoldable && op.bodies.isEmpty && !capturesValues
  }

  /// Whether results may take the place of constants.
  ///
  /// - Parameters:
  ///   - made: the results' bytes.
  ///   - freed: the bytes of constants that go for them.
  package func admits(made: Int, freed: Int) -> Bool { made - freed <= spareBytes }

  /// Notes that results have taken the place of constants.
  package mutating func count(made: Int, freed: Int) { spareBytes -= max(0, made - freed) }

  /// Computes a node of constants; nil where an input is none.
  package func compute(
    _ op: any Operator, label: String, inputs: [Tensor?], outputs: Int
  ) throws(ModelError) -> [Tensor]? {
    try evaluateConstant(op, label: label, inputs: inputs, outputs: outputs)
  }
}
