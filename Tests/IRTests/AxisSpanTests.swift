import IR
import Testing

@Suite struct AxisSpanTests {
  @Test("Elements lie around an axis as row-major order has them", arguments: 0..<3)
  func elements(axis: Int) {
    let dimensions = [2, 3, 4]
    let span = AxisSpan(dimensions, axis: axis)
    #expect(span.count == 24)
    #expect(span.length == dimensions[axis])
    #expect(span.runCount * span.inner == span.count)
    for first in 0..<2 {
      for second in 0..<3 {
        for third in 0..<4 {
          let place = (first * 3 + second) * 4 + third
          let index = [first, second, third][axis]
          #expect(span.index(of: place) == index)
          let block = place / (span.length * span.inner)
          let start = span.start(block: block, index: index)
          #expect((start..<start + span.inner).contains(place))
        }
      }
    }
  }

  @Test("An axis of length 0, and one beside an axis of length 0, have no elements")
  func empty() {
    #expect(AxisSpan([2, 0, 4], axis: 1) == AxisSpan(outer: 2, length: 0, inner: 4))
    #expect(AxisSpan([2, 0, 4], axis: 2) == AxisSpan(outer: 0, length: 4, inner: 1))
    #expect(AxisSpan([2, 0, 4], axis: 0).count == 0)
  }
}
