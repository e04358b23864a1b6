/// Whether an operator picks slices of a table.
package protocol LookupFacet {
  /// Where table and indices are; nil for operators that pick none. Nil by default.
  var lookup: Lookup? { get }
}

extension LookupFacet {
  package var lookup: Lookup? { nil }
}

/// An operator that picks slices of a table: each index stands for one slice.
package struct Lookup: Sendable {
  /// The input that is the table.
  package let table: Int
  /// The input with the indices.
  package let indices: Int
  /// The axis of the table that they count.
  package let axis: Int

  package init(table: Int, indices: Int, axis: Int) {
    self.table = table
    self.indices = indices
    self.axis = axis
  }
}
