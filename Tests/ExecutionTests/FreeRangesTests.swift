import Execution
import Testing

@Suite("Ranges of memory that are free")
struct FreeRangesTests {
  @Test("A request gets the lowest gap that fits, and neighbouring gaps become one")
  func lowest() {
    var ranges = FreeRanges(capacity: 100)
    #expect([10, 20, 30, 40].map { ranges.take($0) } == [0, 10, 30, 60])
    #expect(ranges.take(1) == nil)
    ranges.give(10, 20)
    ranges.give(60, 40)
    #expect(ranges.end == 60)
    #expect(ranges.take(21) == 60)
    #expect(ranges.take(15) == 10)
    ranges.give(30, 30)
    #expect(ranges.take(35) == 25)
    ranges.give(10, 15)
    ranges.give(25, 35)
    ranges.give(60, 21)
    ranges.give(0, 10)
    #expect(ranges.end == 0)
    #expect(ranges.take(100) == 0)
  }

  @Test("Ranges in use never meet, whatever comes and goes", arguments: 0..<20)
  func disjoint(seed: UInt64) {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    func number(_ limit: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % UInt64(limit))
    }
    let capacity = 1000
    var ranges = FreeRanges(capacity: capacity)
    var used = [Bool](repeating: false, count: capacity)
    var live: [Range<Int>] = []
    for _ in 0..<2000 {
      if live.isEmpty || number(2) == 0 {
        let count = 1 + number(60)
        // The lowest place by looking at every byte.
        let expected = (0...capacity - count).first { start in
          !used[start..<start + count].contains(true)
        }
        let start = ranges.take(count)
        #expect(start == expected)
        guard let start else { continue }
        live.append(start..<start + count)
        for place in start..<start + count { used[place] = true }
      } else {
        let range = live.remove(at: number(live.count))
        ranges.give(range.lowerBound, range.count)
        for place in range { used[place] = false }
      }
      #expect(ranges.end == (used.lastIndex(of: true) ?? -1) + 1)
    }
  }
}
