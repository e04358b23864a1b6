import IR

extension Dataset {
  /// The names of files, without their endings, for the arrays of some values.
  ///
  /// A name is kept where a file can bear it. Characters that a file name cannot hold become `_`. A
  /// name that is too long, and one that the change makes like another's, ends with a hash of the
  /// whole name instead, so that no two values share a file.
  package static func fileStems(for names: [String]) -> [String] {
    let plain = names.map(replacingForbidden)
    var uses: [String: Int] = [:]
    for stem in Set(zip(names, plain).map(Named.init)) { uses[stem.stem, default: 0] += 1 }
    return zip(names, plain).map { name, stem in
      let isShared = uses[stem, default: 0] > 1 && stem != name
      return isShared || stem.utf8.count > longest ? hashed(stem, of: name) : stem
    }
  }

  /// Systems allow 255 bytes, of which the ending and that of a temporary file take some.
  private static let longest = 200

  private struct Named: Hashable {
    let name, stem: String
  }

  private static func replacingForbidden(_ name: String) -> String {
    String(name.map { $0 == "/" || $0 == "\\" || $0 == ":" || $0.isControl ? "_" : $0 })
  }

  /// The beginning of the stem and a hash of the name.
  private static func hashed(_ stem: String, of name: String) -> String {
    var hash = ContentHash()
    hash.combine(name)
    let digest = hash.digest
    var kept = "", room = longest - digest.utf8.count - 1
    for character in stem {
      room -= character.utf8.count
      guard room >= 0 else { break }
      kept.append(character)
    }
    return "\(kept)-\(digest)"
  }
}

extension Character {
  fileprivate var isControl: Bool {
    unicodeScalars.contains { $0.properties.generalCategory == .control }
  }
}
