/// Which parts of a stretch of bytes are in use. A request gets the lowest range that fits, so that
/// what is in use lies close together and the next request finds it in the processor's caches
/// (first fit: Knuth, The Art of Computer Programming, 2.5).
package struct FreeRanges: Sendable {
  private struct Gap {
    var start: Int
    var end: Int
  }

  /// How long the stretch is.
  package let capacity: Int
  /// The free ranges below `end`, the lowest first; none touch.
  private var gaps: [Gap] = []
  /// Where the last range in use ends.
  package private(set) var end = 0

  package init(capacity: Int) { self.capacity = capacity }

  /// Takes `count` bytes: where they start, or nil where there is no room for them.
  package mutating func take(_ count: Int) -> Int? {
    if let index = gaps.firstIndex(where: { $0.end - $0.start >= count }) {
      let start = gaps[index].start
      gaps[index].start += count
      if gaps[index].start == gaps[index].end { gaps.remove(at: index) }
      return start
    }
    guard count <= capacity - end else { return nil }
    defer { end += count }
    return end
  }

  /// Frees `count` bytes from `start` on, which were taken together.
  package mutating func give(_ start: Int, _ count: Int) {
    var gap = Gap(start: start, end: start + count)
    var index = place(of: start)
    if index < gaps.count, gaps[index].start == gap.end {
      gap.end = gaps.remove(at: index).end
    }
    if index > 0, gaps[index - 1].end == gap.start {
      index -= 1
      gap.start = gaps.remove(at: index).start
    }
    if gap.end == end { end = gap.start } else { gaps.insert(gap, at: index) }
  }

  /// The index of the first gap behind `start`.
  private func place(of start: Int) -> Int {
    var (low, high) = (0, gaps.count)
    while low < high {
      let middle = (low + high) / 2
      if gaps[middle].start < start { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
