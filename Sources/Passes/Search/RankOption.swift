/// How a search names what it does to single layers: that a layer becomes two with fewer channels between
/// them, by which it loses a fraction of its multiply-accumulates.
public enum RankOption {
  private static let prefix = "rank of "

  /// The key of a layer's rank.
  ///
  /// - Parameter layer: the layer's label, such as `Conv 'a'`.
  public static func key(_ layer: String) -> String { prefix + layer }

  /// The layer of a key; nil for keys of groups.
  public static func layer(_ key: String) -> String? {
    key.hasPrefix(prefix) ? String(key.dropFirst(prefix.count)) : nil
  }

  /// What is said of ranks among fractions by key, by layer.
  public static func ranks(_ ratios: [String: Double]) -> [String: Double] {
    var ranks: [String: Double] = [:]
    for (key, ratio) in ratios where ratio > 0 {
      if let layer = layer(key) { ranks[layer] = ratio }
    }
    return ranks
  }

  /// What is said of widths among fractions by key.
  public static func widths(_ ratios: [String: Double]) -> [String: Double] {
    ratios.filter { $0.value > 0 && layer($0.key) == nil && BlockOption.sum($0.key) == nil }
  }
}
