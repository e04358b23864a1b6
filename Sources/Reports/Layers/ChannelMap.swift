/// Where the indices along an axis of the second model's tensor lie in the first model's.
public struct ChannelMap: Hashable, Sendable {
  /// For each index of the second its index in the first, all different.
  public let places: [Int]
  /// The length of the axis in the first.
  public let length: Int

  package init(_ places: [Int], of length: Int) {
    self.places = places
    self.length = length
  }

  /// All indices, each in its place.
  package static func identity(_ length: Int) -> ChannelMap {
    ChannelMap(Array(0..<length), of: length)
  }

  /// Whether every index stayed where it was.
  public var isIdentity: Bool {
    places.count == length && places.indices.allSatisfy { places[$0] == $0 }
  }

  /// Whether all indices are there, in another order.
  public var isReordering: Bool { places.count == length && !isIdentity }

  /// The indices of the first that the second has not.
  public var removed: [Int] {
    var isKept = [Bool](repeating: false, count: length)
    for place in places where place < length { isKept[place] = true }
    return isKept.indices.filter { !isKept[$0] }
  }

  /// Each index as the `factor` indices that it stands for on a longer axis.
  package func spread(_ factor: Int) -> ChannelMap {
    ChannelMap(
      places.flatMap { place in (0..<factor).map { place * factor + $0 } }, of: length * factor)
  }

  /// Each index as one of the runs of `factor` indices on a longer axis; nil where runs are broken.
  package func gathered(_ factor: Int) -> ChannelMap? {
    guard factor > 0, length % factor == 0, places.count % factor == 0 else { return nil }
    var found: [Int] = []
    for start in stride(from: 0, to: places.count, by: factor) {
      let first = places[start]
      guard first % factor == 0,
        (0..<factor).allSatisfy({ places[start + $0] == first + $0 })
      else { return nil }
      found.append(first / factor)
    }
    return ChannelMap(found, of: length / factor)
  }

  /// Maps of parts that are joined along an axis.
  package static func joined(_ parts: [ChannelMap]) -> ChannelMap {
    var places: [Int] = [], start = 0
    for part in parts {
      places += part.places.map { $0 + start }
      start += part.length
    }
    return ChannelMap(places, of: start)
  }

  /// `64 → 48 channels (16 removed: 3, 7, 9, …)`.
  var text: String {
    if isReordering { return "\(length) channels in another order" }
    let gone = removed
    let some =
      gone.prefix(4).map(String.init).joined(separator: ", ") + (gone.count > 4 ? ", …" : "")
    return "channels \(length) → \(places.count) (\(gone.count) removed: \(some))"
  }
}
