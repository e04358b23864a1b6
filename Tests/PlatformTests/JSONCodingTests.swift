import Foundation
import Platform
import Testing

/// Foundation's coder is the oracle: the bytes have to be the same, and what is read.
@Suite("JSON of Codable values") struct JSONCodingTests {
  private struct Inner: Codable, Equatable {
    var kind: Kind
    var weight: Double?
    enum Kind: String, Codable { case plain, other }
  }

  private struct Outer: Codable, Equatable {
    var name: String
    var counts: [Int]
    var nothing: [String]
    var table: [String: [Float]]
    var numbered: [Int: Bool]
    var inner: [Inner]
    var missing: Int?
    var choice: Choice
    var big: UInt64
    enum Choice: Codable, Equatable { case none, some(Int, named: String) }
  }

  private let value = Outer(
    name: "a/b \"\\ \u{8}\u{c}\n\r\t\u{1}\u{1f}\u{7f} é e\u{301} \u{2028} 😀",
    counts: [0, -7, .max, .min],
    nothing: [],
    table: [
      "a10": [0.1, 1, 16_777_216], "a2": [-0.0, 3.4e38, 1e-10], "": [], "é": [], "ä": [], "B": [],
      "e\u{301}x": [],
    ], numbered: [3: true, -1: false],
    inner: [
      Inner(kind: .plain, weight: 1e20), Inner(kind: .other, weight: nil),
      Inner(kind: .plain, weight: .leastNonzeroMagnitude),
      Inner(kind: .plain, weight: 123_456_789_012_345_680),
    ], missing: nil, choice: .some(3, named: "x"), big: .max)

  private func foundation(_ value: some Encodable, _ form: JSONEncoder.OutputFormatting) throws
    -> [UInt8]
  {
    let encoder = JSONEncoder()
    encoder.outputFormatting = form
    return [UInt8](try encoder.encode(value))
  }

  @Test("The bytes are Foundation's")
  func written() throws {
    #expect(
      try JSONCoding.bytes(of: value) == foundation(value, [.sortedKeys, .prettyPrinted]))
    #expect(
      try JSONCoding.bytes(of: value, isPretty: false) == foundation(value, [.sortedKeys]))
    #expect(
      try JSONCoding.bytes(of: value, escapesSlashes: false)
        == foundation(value, [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]))
    let lists: [[Int?]] = [[], [nil, 1]]
    #expect(
      try JSONCoding.bytes(of: lists) == foundation(lists, [.sortedKeys, .prettyPrinted]))
  }

  @Test("What was written is read again, by both")
  func read() throws {
    let bytes = try JSONCoding.bytes(of: value)
    #expect(try JSONCoding.value(Outer.self, from: bytes) == value)
    #expect(try JSONDecoder().decode(Outer.self, from: Data(bytes)) == value)
  }

  @Test("Random numbers keep their bits and are written as Foundation writes them")
  func numbers() throws {
    var random = SystemRandomNumberGenerator()
    let doubles = (0..<2000).map { _ in Double(bitPattern: random.next()) }.filter(\.isFinite)
    let floats = (0..<2000).map { _ in Float(bitPattern: random.next()) }.filter(\.isFinite)
    let bytes = try JSONCoding.bytes(of: doubles, isPretty: false)
    #expect(try bytes == foundation(doubles, []))
    #expect(
      try JSONCoding.value([Double].self, from: bytes).map(\.bitPattern)
        == doubles.map(\.bitPattern))
    let other = try JSONCoding.bytes(of: floats, isPretty: false)
    #expect(try other == foundation(floats, []))
    #expect(
      try JSONCoding.value([Float].self, from: other).map(\.bitPattern) == floats.map(\.bitPattern))
  }

  @Test(
    "Numbers that are whole are read as such",
    arguments: ["[1.0]", "[1e2]", "[-0]", " [ 7 ]\n", "\u{feff}[1]", "[9007199254740993]"])
  func whole(_ text: String) throws {
    let bytes = Array(text.utf8)
    let expected = try JSONDecoder().decode([Int].self, from: Data(bytes))
    #expect(try JSONCoding.value([Int].self, from: bytes) == expected)
  }

  @Test(
    "What is no JSON, or does not fit, is refused",
    arguments: [
      "", "[", "[1", "[01]", "[1.]", "[.5]", "[+1]", "[1 2]", "[1] x", "[1e999]", "[true]",
      "[\"1\"]",
      "[null]", "[1.5]", "[9223372036854775808]", "[1,]", "nul", "{}", "[-]", "[1e]",
    ])
  func refused(_ text: String) {
    #expect(throws: DecodingError.self) {
      try JSONCoding.value([Int].self, from: Array(text.utf8))
    }
  }

  @Test(
    "Texts with escapes",
    arguments: [
      (#""\ud83d\ude00\u00e9\/\b\f\n\r\t\"\\""#, "😀é/\u{8}\u{c}\n\r\t\"\\"), (#""\ud83d""#, nil),
      (#""\ude00""#, nil), (#""\x""#, nil), (#""\u12g4""#, nil), (#""\u12"#, nil),
      ("\"a\nb\"", nil),
      (#""open"#, nil),
    ] as [(String, String?)])
  func texts(_ text: String, _ expected: String?) {
    #expect((try? JSONCoding.value(String.self, from: Array(text.utf8))) == expected)
  }

  @Test("Bytes that are no text are refused, and depth has an end")
  func limits() {
    #expect(throws: DecodingError.self) {
      try JSONCoding.value(String.self, from: [0x22, 0xff, 0x22])
    }
    let deep = String(repeating: "[", count: 100_000)
    #expect(throws: DecodingError.self) {
      try JSONCoding.value([Int].self, from: Array(deep.utf8))
    }
  }

  @Test("Of equal keys the first counts; numbers that JSON has not are refused")
  func edges() throws {
    #expect(
      try JSONCoding.value([String: Int].self, from: Array(#"{"a":1,"a":2}"#.utf8)) == ["a": 1])
    #expect(throws: EncodingError.self) { try JSONCoding.bytes(of: [Double.infinity]) }
    #expect(throws: EncodingError.self) { try JSONCoding.bytes(of: [Float.nan]) }
  }

  @Test("Base64 is Foundation's", arguments: 0..<20)
  func base64(_ count: Int) {
    let bytes = (0..<count).map { _ in UInt8.random(in: 0...255) }
    let text = Base64.text(of: bytes)
    #expect(text == Data(bytes).base64EncodedString())
    #expect(Base64.bytes(of: text) == bytes)
    #expect(Base64.bytes(of: text + "=") == nil)
    #expect(Base64.bytes(of: "????") == nil)
  }
}
