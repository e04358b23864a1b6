/// The elements that a slice takes along one axis: `count` of them from `start` on.
package struct SliceRange: Hashable, Sendable {
  package let start: Int
  package let step: Int
  package let count: Int

  /// Applies ONNX's rules for negative and out-of-range bounds.
  ///
  /// - Parameter step: not 0.
  package init(_ start: Int, _ end: Int, _ step: Int, length: Int) {
    let first: Int
    let span: Int
    if step > 0 {
      first = min(max(start < 0 ? start + length : start, 0), length)
      span = min(max(end < 0 ? end + length : end, 0), length) - first
    } else {
      first = min(max(start < 0 ? start + length : start, 0), length - 1)
      span =
        first - (Self.isOpen(end) ? -1 : min(max(end < 0 ? end + length : end, -1), length - 1))
    }
    guard length > 0, span > 0 else {
      self.start = 0
      self.step = 1
      count = 0
      return
    }
    self.start = first
    count = Int(UInt(span - 1) / step.magnitude) + 1
    // The step of a single element does not count and may be too large to multiply with.
    self.step = count == 1 ? 1 : step
  }

  /// Whether a bound stands for no bound at all. Going backwards, exporters write it for the very
  /// beginning, and ONNX Runtime reads it so.
  static func isOpen(_ end: Int) -> Bool { end == .max || end == Int(Int32.max) }

  /// The indices taken, in order.
  package var indices: [Int] { (0..<count).map { start + $0 * step } }

  /// Bounds that take exactly the given indices; nil when their step is not even.
  package static func bounds(
    of indices: [Int], length: Int
  ) -> (start: Int, end: Int, step: Int)? {
    guard let first = indices.first, let last = indices.last else { return (0, 0, 1) }
    guard indices.count > 1 else { return (first, first + 1, 1) }
    let step = indices[1] - first
    guard step != 0, zip(indices, indices.dropFirst()).allSatisfy({ $1 - $0 == step }) else {
      return nil
    }
    if step > 0 { return (first, last + 1, step) }
    // An end before the first element can only be said as one far below.
    return (first, last == 0 ? -length - 1 : last - 1, step)
  }
}
