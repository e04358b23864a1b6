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

  @Test("However it is computed, one length has one form")
  func canonicalForm() {
    let half = (h - 1).floorDivided(by: 2) + 1
    #expect(h.ceilDivided(by: 2) == half)
    #expect((h + 1).floorDivided(by: 2) == half)
    #expect("\((half - 1).floorDivided(by: 2) + 1)" == "floor(H/4 - 1/4) + 1")
    #expect("\((h - 2).floorDivided(by: 2) + 1)" == "floor(H/2)")
    #expect((h * 6 + 4).floorDivided(by: 4) == h + (h * 2 + 4).floorDivided(by: 4))
    #expect((h * (p + s) * 64).floorDivided(by: (p + s) * 8) == h * 8)
  }

  @Test("Named lengths are at least 1, which decides between many lengths")
  func bounds() {
    #expect(Dimension.maximum(0, p - 1) == p - 1)
    #expect(Dimension.minimum(p + s, s) == s)
    #expect(Dimension.maximum(.maximum(h, s), h) == .maximum(h, s))
    #expect(Dimension.broadcast(h, 1) == h)
    #expect(Dimension.broadcast(h, 4) == 4)
    #expect(Dimension.broadcast(3, 4) == nil)
    #expect("\(Dimension.maximum(0, p - 2))" == "max(0, P - 2)")
  }

  @Test("Names that spell expressions are read as such, and others are not")
  func names() {
    #expect(Dimension(named: "2*P + S - 2") == p * 2 + s - 2)
    #expect(Dimension(named: "(H - 1)//2 + 1") == h.ceilDivided(by: 2))
    #expect(Dimension(named: "past + 1") == Dimension(symbol: "past") + 1)
    for name in ["batch-size", "N/A", "a b", "1", "H/2", "f(x)", "é + 1", "x +"] {
      #expect(Dimension(named: name) == Dimension(symbol: name), "\(name)")
    }
    #expect(Dimension(named: "?") == .unknown)
  }

  @Test("An expression that grows with every step is given up")
  func growth() {
    var length = h
    for step in 0..<200 { length = (length * length + .known(step)).floorDivided(by: s) }
    #expect(length == .unknown)
  }
}
