import IR
import Testing

/// Expressions agree with the arithmetic that they stand for, whatever the lengths.
@Suite struct SymbolicPropertyTests {
  private struct Generator {
    var state: UInt64
    mutating func next(_ count: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % UInt64(count))
    }
  }

  private func floorQuotient(_ a: Int, _ b: Int) -> Int {
    let (quotient, remainder) = a.quotientAndRemainder(dividingBy: b)
    return remainder != 0 && (remainder < 0) != (b < 0) ? quotient - 1 : quotient
  }

  @Test("Seeded chains of operations give the value that the numbers give", arguments: 1...4)
  func chains(seed: UInt64) {
    var random = Generator(state: seed)
    let names = ["H", "S", "P"]
    for _ in 0..<1000 {
      let lengths = [1 + random.next(50), 1 + random.next(50), 1 + random.next(9)]
      let bindings = Dictionary(uniqueKeysWithValues: zip(names, lengths))
      var chain = zip(names, lengths).map { (Dimension(symbol: $0), $1) }
      for _ in 0..<6 {
        let (x, m) = chain[random.next(chain.count)], (y, n) = chain[random.next(chain.count)]
        let c = random.next(9) + 1
        switch random.next(7) {
        case 0: chain.append((x + y, m + n))
        case 1: chain.append((x - y, m - n))
        case 2: chain.append((x * .known(c - 4), m * (c - 4)))
        case 3: chain.append((x.floorDivided(by: .known(c)), floorQuotient(m, c)))
        case 4: chain.append((.maximum(x, y), max(m, n)))
        case 5: chain.append((.minimum(x, .known(c)), min(m, c)))
        default:
          if n != 0 { chain.append((x.floorDivided(by: y), floorQuotient(m, n))) }
        }
      }
      for (expression, value) in chain where expression != .unknown {
        #expect(
          expression.substituting(bindings) == .known(value),
          "seed \(seed): \(expression) of \(bindings)")
      }
    }
  }

  @Test("Text of an expression reads back as the same expression", arguments: 5...6)
  func text(seed: UInt64) {
    var random = Generator(state: seed)
    for _ in 0..<500 {
      var chain = ["H", "S", "P"].map { Dimension(symbol: $0) }
      for _ in 0..<5 {
        let x = chain[random.next(3)], y = chain[random.next(chain.count)]
        let c = Dimension.known(random.next(7) + 2)
        switch random.next(5) {
        case 0: chain.append(x + y * c)
        case 1: chain.append(y - c)
        case 2: chain.append((x * c + y).floorDivided(by: c + 1))
        case 3: chain.append(.maximum(x, y))
        default: chain.append(.minimum(y, c))
        }
      }
      for expression in chain where expression.value == nil && expression != .unknown {
        #expect(Dimension(named: "\(expression)") == expression, "seed \(seed)")
      }
    }
  }
}
