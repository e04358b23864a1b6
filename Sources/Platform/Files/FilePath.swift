#if canImport(Glibc)
  private import Glibc
#else
  private import Darwin
#endif

/// Paths as texts.
package enum FilePath {
  /// The folder that holds what a path names: `.` for a name alone.
  package static func folder(of path: String) -> String {
    guard let slash = trimmed(path).lastIndex(of: "/") else { return "." }
    return String(trimmed(path[..<slash], root: "/"))
  }

  /// The last part of a path.
  package static func name(of path: String) -> String {
    let path = trimmed(path)
    return String(
      path[(path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex)...])
  }

  /// A name in a folder, without a `./` in front of it.
  package static func join(_ folder: String, _ name: String) -> String {
    if name.hasPrefix("/") { return name }
    return folder == "." ? name : folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
  }

  /// The same path from the root on, with no link in it; of what is not there yet the folders count.
  package static func resolved(_ path: String) -> String {
    if let real = realpath(path, nil) {
      defer { free(real) }
      return String(cString: real)
    }
    let above = folder(of: path)
    return above == path ? path : join(resolved(above), name(of: path))
  }

  /// The same path from the root on, without `.` and `..`; links stay.
  package static func absolute(_ path: String) -> String {
    var parts: [Substring] = []
    for part in join(Machine.currentFolder, path).split(separator: "/") where part != "." {
      if part == ".." { _ = parts.popLast() } else { parts.append(part) }
    }
    return "/" + parts.joined(separator: "/")
  }

  /// Without slashes at the end.
  private static func trimmed(_ path: some StringProtocol, root: String = "") -> Substring {
    var path = Substring(path)
    while path.last == "/" { path.removeLast() }
    return path.isEmpty ? Substring(root) : path
  }
}
