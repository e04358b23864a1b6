/// What groups of channels are called: by the names of the weights that make them.
public enum GroupKey {
  /// What stands between names.
  static let joint = " + "

  /// The key among some that a key belongs to: itself, or that of a group of which a part went with a block;
  /// nil where there is none.
  public static func whole(of key: String, among keys: some Collection<String>) -> String? {
    if keys.contains(key) { return key }
    let own = names(key)
    return keys.sorted().first { names($0).isSuperset(of: own) }
  }

  private static func names(_ key: String) -> Set<Substring> { Set(key.split(separator: joint)) }
}
