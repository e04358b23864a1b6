/// How the elements of a row-major tensor lie around one of its axes: `outer` blocks, each of `length`
/// slices, each of `inner` elements that lie side by side.
package struct AxisSpan: Hashable, Sendable {
  /// The number of blocks: the product of the lengths before the axis.
  package let outer: Int
  /// The length of the axis.
  package let length: Int
  /// The elements of one slice in one block: the product of the lengths behind the axis.
  package let inner: Int

  /// The span of an axis, which must lie inside the dimensions.
  package init(_ dimensions: [Int], axis: Int) {
    outer = dimensions[..<axis].reduce(1, *)
    length = dimensions[axis]
    inner = dimensions[(axis + 1)...].reduce(1, *)
  }

  /// A span by its numbers.
  package init(outer: Int, length: Int, inner: Int) {
    self.outer = outer
    self.length = length
    self.inner = inner
  }

  /// The number of runs of `inner` elements.
  package var runCount: Int { outer * length }

  /// The number of elements.
  package var count: Int { outer * length * inner }

  /// The first element of a slice in a block.
  @inlinable
  package func start(block: Int, index: Int) -> Int { (block * length + index) * inner }

  /// The index along the axis of an element.
  @inlinable
  package func index(of element: Int) -> Int { element / inner % length }
}
