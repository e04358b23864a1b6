/// A set of field numbers below 64; ONNX has no others.
struct FieldNumbers: ExpressibleByArrayLiteral {
  private var bits: UInt64 = 0

  init(arrayLiteral numbers: Int...) { for number in numbers { insert(number) } }

  /// The numbers, rising.
  var numbers: [Int] { (0..<64).filter { contains($0) } }

  /// How many numbers there are.
  var count: Int { bits.nonzeroBitCount }

  func contains(_ number: Int) -> Bool { number < 64 && bits >> UInt64(number) & 1 != 0 }

  mutating func insert(_ number: Int) { if number < 64 { bits |= 1 << UInt64(number) } }

  func intersection(_ other: Self) -> Self {
    var both = self
    both.bits &= other.bits
    return both
  }
}
