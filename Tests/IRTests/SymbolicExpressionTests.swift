import IR
import Testing

/// Canonical form: equal lengths compare equal however they were computed.
@Suite struct SymbolicExpressionTests {
  private let h = Dimension(symbol: "H"), s = Dimension(symbol: "S"), p = Dimension(symbol: "P")

  @Test func sums() {
    #expect(p + p + s - 2 == s + p * 2 - 2)
    #expect("\(p + p + s - 2)" == "2*P + S - 2")
    #expect(h - h == 0)
    #expect("\(h * s - s * h)" == "0")
  }

  @Test func floors() {
    #expect("\((h - 1).floorDivided(by: 2) + 1)" == "floor(H/2 - 1/2) + 1")
    // What divides exactly leaves the floor.
    #expect((h * 4 + 6).floorDivided(by: 2) == h * 2 + 3)
    #expect((h * 2 + 3).floorDivided(by: 2) == h + 1)
    #expect(h.ceilDivided(by: 1) == h)
    #expect(Dimension.known(7).ceilDivided(by: 2) == 4)
    #expect(Dimension.known(-7).floorDivided(by: 2) == -4)
    #expect(h.floorDivided(by: 0) == .unknown)
  }

  @Test func products() {
    #expect((h * s * 3).floorDivided(by: s) == h * 3)
    #expect(h * 0 == 0)
    #expect(Dimension.unknown * 0 == 0)
    #expect(Dimension.unknown * h == .unknown)
  }

  @Test func extremes() {
    #expect(Dimension.maximum(h, h + 2) == h + 2)
    #expect(Dimension.maximum(h, s) == Dimension.maximum(s, h))
    #expect(Dimension.minimum(3, 5) == 3)
  }

  @Test func binding() {
    let length = (h - 1).floorDivided(by: 2) + 1
    #expect(length.substituting(["H": 224]) == 112)
    #expect(length.substituting(["W": 3]) == length)
    #expect((h * Dimension.maximum(s, 4)).substituting(["H": 2, "S": 1]) == 8)
  }

  @Test("Numbers that do not fit stay within the largest ones")
  func overflow() {
    let huge = Dimension.known(.max)
    #expect(huge + huge == huge)
    #expect((huge * huge).value == .max)
  }
}
