import Testing

/// A wall of the architecture that these tests hold.
enum Wall: String {
  case imports, operatorNames, operatorTypes, folderSize, fileLength, functionLength, memberCount
  case builders, spellings
}

/// A place that is not yet as a wall wants it.
struct Finding {
  let wall: Wall
  /// A file, folder or module.
  let place: String
  /// What stands there, such as the name of an operator or of a function.
  let what: String
  /// The measure, where the wall is a limit.
  var size: Int?
}

/// A finding that is known, with the reason for which it still stands. The list only shrinks: one
/// that no finding fits is an error, as is one that has grown.
struct Exception {
  let wall: Wall
  let place: String
  let what: String
  let size: Int?
  let reason: String

  init(_ wall: Wall, _ place: String, _ what: String, _ size: Int? = nil, _ reason: String) {
    self.wall = wall
    self.place = place
    self.what = what
    self.size = size
    self.reason = reason
  }

  private func fits(_ finding: Finding) -> Bool {
    wall == finding.wall && what == finding.what
      && (finding.place == place || finding.place.hasSuffix("/\(place)"))
  }

  /// Fails for every finding that no exception allows, and for every exception without a finding.
  static func require(_ wall: Wall, _ findings: [Finding]) {
    let known = all.filter { $0.wall == wall }
    for finding in findings {
      let measure = finding.size.map { " (\($0))" } ?? ""
      guard let exception = known.first(where: { $0.fits(finding) }) else {
        Issue.record("\(wall.rawValue): \(finding.place): \(finding.what)\(measure)")
        continue
      }
      if let size = finding.size, let limit = exception.size {
        #expect(size <= limit, "\(finding.place): \(finding.what) has grown")
      }
    }
    for exception in known where !findings.contains(where: { exception.fits($0) }) {
      Issue.record("stale exception: \(wall.rawValue): \(exception.place): \(exception.what)")
    }
  }
}
