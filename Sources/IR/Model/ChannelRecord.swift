/// Which channels of a layer stayed when others were removed, as a node's metadata keep it: the number of
/// channels before and a bit for each of them, four in a hexadecimal digit.
package struct ChannelRecord: Hashable, Sendable {
  /// The number of channels before.
  package let length: Int
  /// The indices that stayed, in order.
  package let kept: [Int]

  /// The key of the entry.
  package static let key = "lapidary.channels"

  package init(length: Int, kept: [Int]) {
    self.length = length
    self.kept = kept
  }

  /// `64:ff0f…`; nil for other texts.
  private init?(_ text: some StringProtocol) {
    let parts = text.split(separator: ":")
    guard parts.count == 2, let length = Int(parts[0]), length > 0,
      parts[1].utf8.count == (length + 3) / 4
    else { return nil }
    var kept: [Int] = []
    for (place, digit) in parts[1].enumerated() {
      guard let bits = digit.hexDigitValue else { return nil }
      for bit in 0..<4 where bits & (8 >> bit) != 0 { kept.append(place * 4 + bit) }
    }
    guard kept.last.map({ $0 < length }) ?? false else { return nil }
    self.init(length: length, kept: kept)
  }

  private var text: String {
    var digits = [Int](repeating: 0, count: (length + 3) / 4)
    for index in kept where index >= 0 && index < length { digits[index / 4] |= 8 >> (index % 4) }
    return "\(length):" + digits.map { String($0, radix: 16) }.joined()
  }

  /// Adds the record to those of earlier removals.
  package func write(to metadata: inout [MetadataEntry]) {
    if let place = metadata.firstIndex(where: { $0.key == Self.key }) {
      metadata[place].value = (metadata[place].value ?? "") + ";" + text
    } else {
      metadata.append(MetadataEntry(key: Self.key, value: text))
    }
  }

  /// What the records in metadata say of channels of which there were `length`.
  package init?(in metadata: [MetadataEntry], of length: Int) {
    guard let value = metadata.first(where: { $0.key == Self.key })?.value else { return nil }
    let records = value.split(separator: ";").map { Self($0) }
    guard let start = records.firstIndex(where: { $0?.length == length }) else { return nil }
    var kept = Array(0..<length)
    for record in records[start...] {
      guard let record, record.length == kept.count else { return nil }
      kept = record.kept.map { kept[$0] }
    }
    self.init(length: length, kept: kept)
  }
}
