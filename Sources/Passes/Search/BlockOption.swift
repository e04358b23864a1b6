/// How a search names what it does to whole blocks: that what is added to its own input goes.
public enum BlockOption {
  private static let prefix = "block of "

  /// The key of a block.
  ///
  /// - Parameter sum: the label of the sum that it ends in, such as `Add 'a'`.
  public static func key(_ sum: String) -> String { prefix + sum }

  /// The sum of a key; nil for other keys.
  public static func sum(_ key: String) -> String? {
    key.hasPrefix(prefix) ? String(key.dropFirst(prefix.count)) : nil
  }

  /// The sums of the blocks that go, in order of their labels.
  ///
  /// - Parameter ratios: by key 1 for what goes.
  public static func dropped(_ ratios: [String: Double]) -> [String] {
    ratios.compactMap { $0.value > 0 ? sum($0.key) : nil }.sorted()
  }
}
