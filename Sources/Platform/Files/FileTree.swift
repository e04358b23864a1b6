#if canImport(Glibc)
  private import Glibc
#else
  private import Darwin
#endif

/// Files and folders as far as they are looked at, made and removed; their bytes are the file layer's.
package enum FileTree {
  /// Whether something is at a path, links followed.
  package static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// Whether a folder is at a path, links followed.
  package static func isFolder(_ path: String) -> Bool {
    guard let mode = facts(path)?.st_mode else { return false }
    return mode & S_IFMT == S_IFDIR
  }

  /// Whether this process may write to what is at a path.
  package static func isWritable(_ path: String) -> Bool { access(path, W_OK) == 0 }

  /// Seconds since something was written last; nil where there is nothing.
  package static func age(_ path: String) -> Double? {
    guard let then = facts(path)?.st_mtim else { return nil }
    var now = timespec()
    guard clock_gettime(CLOCK_REALTIME, &now) == 0 else { return nil }
    return Double(now.tv_sec - then.tv_sec) + Double(now.tv_nsec - then.tv_nsec) / 1e9
  }

  /// The names in a folder, sorted; nil where there is none that can be read.
  package static func names(in folder: String) -> [String]? {
    guard let stream = opendir(folder) else { return nil }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: $0.pointee)) {
          String(cString: $0)
        }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// Makes a folder and those above it.
  ///
  /// - Returns: whether it is there now.
  package static func makeFolder(_ path: String) -> Bool {
    if isFolder(path) { return true }
    let above = FilePath.folder(of: path)
    guard above == path || makeFolder(above) else { return false }
    return mkdir(path, 0o777) == 0 || isFolder(path)
  }

  /// Makes a folder that nobody else has, where the system keeps what lasts briefly.
  package static func makeTemporaryFolder() -> String? {
    let place = Machine.environment("TMPDIR").flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
    var pattern = Array("\(place)/lapidary-XXXXXX".utf8CString)
    let isMade = pattern.withUnsafeMutableBufferPointer { text in
      text.baseAddress.map { mkdtemp($0) != nil } ?? false
    }
    guard isMade else { return nil }
    return String(decoding: pattern.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Removes a file, or a folder with what is in it. Links are removed and not followed.
  ///
  /// - Returns: whether nothing is left.
  @discardableResult
  package static func remove(_ path: String) -> Bool {
    if unlink(path) == 0 { return true }
    guard let names = names(in: path) else { return false }
    let isEmpty = names.allSatisfy { remove("\(path)/\($0)") }
    return isEmpty && rmdir(path) == 0
  }

  private static func facts(_ path: String) -> stat? {
    var facts = stat()
    return stat(path, &facts) == 0 ? facts : nil
  }
}
