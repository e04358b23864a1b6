/// Reading expressions from the names that exporters give dimensions: `past + 1`, `2*s0`,
/// `floor(H/2 - 1/2) + 1`, `(s0 - 1)//2`.
extension Dimension {
  /// The dimension that a file names.
  ///
  /// A name that spells a sum, product, quotient, floor, minimum or maximum of names and integers
  /// is that expression; any other is one symbol. A minus without spaces around it belongs to a
  /// name such as `batch-size`. What has neither letters nor digits, such as `?`, names nothing.
  public init(named text: String) {
    guard text.contains(where: { $0.isLetter || $0.isNumber || $0 == "_" }) else {
      self = .unknown
      return
    }
    var parser = ExpressionParser(text)
    if let expression = parser.parse(), expression.isIntegral, !expression.symbols.isEmpty {
      self.init(expression)
    } else {
      self.init(symbol: text)
    }
  }
}

/// Recursive descent over a dimension's name; nil wherever it is not an expression.
private struct ExpressionParser {
  private let bytes: [UInt8]
  private var place = 0
  private var depth = 0
  private static let limits = (length: 256, depth: 16)

  init(_ text: String) { bytes = Array(text.utf8) }

  mutating func parse() -> SymbolicExpression? {
    // Most names are bare.
    guard bytes.count <= Self.limits.length,
      bytes.contains(where: { !isLetter($0) && !isDigit($0) })
    else { return nil }
    guard let result = sum(), place == bytes.count else { return nil }
    return result
  }

  private func isLetter(_ byte: UInt8) -> Bool {
    (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte) || byte == UInt8(ascii: "_")
  }

  private func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

  private mutating func skipSpaces() {
    while place < bytes.count, bytes[place] == UInt8(ascii: " ") { place += 1 }
  }

  private mutating func take(_ text: String) -> Bool {
    let wanted = Array(text.utf8)
    guard bytes[place...].starts(with: wanted) else { return false }
    place += wanted.count
    return true
  }

  private mutating func sum() -> SymbolicExpression? {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.limits.depth else { return nil }
    skipSpaces()
    let isNegative = take("-")
    guard var result = product() else { return nil }
    if isNegative { result = result * SymbolicExpression(-1) }
    while true {
      let start = place
      skipSpaces()
      if take("+") {
        guard let next = product() else { return nil }
        result = result + next
      } else if take("- ") && place - start >= 3 {
        guard let next = product() else { return nil }
        result = result - next
      } else {
        return result
      }
    }
  }

  private mutating func product() -> SymbolicExpression? {
    guard var result = factor() else { return nil }
    while true {
      let end = place
      skipSpaces()
      if take("//") {
        guard let next = factor(), let floor = SymbolicExpression.floorDivide(result, by: next)
        else { return nil }
        result = floor
      } else if take("*") {
        guard let next = factor() else { return nil }
        result = result * next
      } else if take("/") {
        guard let next = factor(), let quotient = SymbolicExpression.divide(result, by: next)
        else { return nil }
        result = quotient
      } else {
        // The space before a minus is what makes it one.
        place = end
        return result
      }
    }
  }

  private mutating func factor() -> SymbolicExpression? {
    skipSpaces()
    if take("(") {
      guard let inner = sum() else { return nil }
      skipSpaces()
      return take(")") ? inner : nil
    }
    let start = place
    while place < bytes.count, isLetter(bytes[place]) || isDigit(bytes[place]) { place += 1 }
    guard place > start else { return nil }
    let word = String(decoding: bytes[start..<place], as: UTF8.self)
    if isDigit(bytes[start]) { return Int(word).map { SymbolicExpression($0) } }
    return take("(") ? function(word) : SymbolicExpression(symbol: word)
  }

  private mutating func function(_ name: String) -> SymbolicExpression? {
    guard var result = sum() else { return nil }
    skipSpaces()
    switch name.lowercased() {
    case "floor":
      guard let floor = SymbolicExpression.floor(result) else { return nil }
      result = floor
    case "max", "min":
      while take(",") {
        guard let next = sum(),
          let extreme = name.lowercased() == "max"
            ? SymbolicExpression.maximum(result, next) : SymbolicExpression.minimum(result, next)
        else { return nil }
        result = extreme
        skipSpaces()
      }
    default: return nil
    }
    return take(")") ? result : nil
  }
}
