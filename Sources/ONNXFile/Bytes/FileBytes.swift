private import Glibc
package import IR

/// The bytes of files, mapped where the system can.
package enum FileBytes {
  /// What messages call the file at `path`.
  package static func label(_ path: String, isOutput: Bool = false) -> String {
    path == "-" ? (isOutput ? "standard output" : "standard input") : "\"\(path)\""
  }

  /// The folder that holds the file at `path`.
  package static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// The last part of a path.
  package static func name(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
  }

  /// The bytes of a file, or of the standard input for `-`.
  ///
  /// - Parameter kind: what the file should be, for messages, such as `an ONNX model`.
  package static func read(_ path: String, expecting kind: String) throws(ModelError) -> Storage {
    try noting(label(path)) { () throws(ModelError) in
      if path == "-" {
        // A file can be mapped, unless somebody has read a part of it.
        let isWhole = lseek(STDIN_FILENO, 0, SEEK_CUR) <= 0
        return isWhole
          ? try bytes(of: STDIN_FILENO, expecting: kind) : try drain(STDIN_FILENO, expecting: kind)
      }
      let descriptor = open(path, O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else {
        let reason = errno == ENOENT || errno == ENOTDIR ? "no such file" : systemMessage()
        throw ModelError(.file, "expected \(kind), found \(reason)")
      }
      defer { close(descriptor) }
      return try bytes(of: descriptor, expecting: kind)
    }
  }

  /// Writes a file in one step: afterwards it is there as a whole, or, after an error, as it was.
  /// For `-` the bytes go to the standard output.
  package static func write(_ pieces: [Storage], to path: String) throws(ModelError) {
    if path == "-" {
      guard PieceWriter.write(pieces, to: STDOUT_FILENO) else {
        throw ModelError(.file, "expected room to write it, found: \(systemMessage())")
      }
      return
    }
    let file = try PendingFile(replacing: path)
    try file.write(pieces)
    try file.commit()
  }

  /// Removes unfinished files under temporary names, since the process ends.
  package static func abandonPending() { PendingFile.abandonAll() }

  /// The bytes behind an open file.
  static func bytes(of descriptor: Int32, expecting kind: String) throws(ModelError) -> Storage {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw ModelError(.file, "expected \(kind), found \(systemMessage())")
    }
    switch status.st_mode & S_IFMT {
    case S_IFDIR: throw ModelError(.file, "expected \(kind), found a directory")
    case S_IFREG where status.st_size > 0:
      guard let mapping = Mapping(descriptor, status) else {
        throw ModelError(.file, "expected \(kind), found that mapping fails: \(systemMessage())")
      }
      return Storage(mapping.bytes, keptAliveBy: mapping)
    // Files that the system makes up say that they are empty.
    default: return try drain(descriptor, expecting: kind)
    }
  }

  private static func drain(
    _ descriptor: Int32, expecting kind: String
  ) throws(ModelError) -> Storage {
    let buffer = GrowingBuffer()
    while true {
      guard let room = buffer.room() else {
        throw ModelError(.limit, "expected \(kind) that fits in memory, found more")
      }
      let count = Glibc.read(descriptor, room.baseAddress, room.count)
      if count == 0 { return Storage(buffer.bytes, keptAliveBy: buffer) }
      guard count > 0 || errno == EINTR else {
        throw ModelError(.file, "expected \(kind), found \(systemMessage())")
      }
      buffer.count += max(0, count)
    }
  }

  /// The system's words for an error number, the last error by default.
  static func systemMessage(_ number: Int32 = errno) -> String {
    String(cString: strerror(number)).lowercased()
  }
}

/// Bytes that come from a pipe, in memory that grows without being copied where the system can move
/// its pages.
private final class GrowingBuffer {
  private var base: UnsafeMutableRawPointer?
  private var capacity = 0
  var count = 0

  deinit { free(base) }

  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

  /// Memory behind the bytes; nil when there is no more.
  func room() -> UnsafeMutableRawBufferPointer? {
    if count == capacity {
      let wanted = max(1 << 16, 2 * capacity)
      guard let grown = realloc(base, wanted) else { return nil }
      base = grown
      capacity = wanted
    }
    return base.map { UnsafeMutableRawBufferPointer(start: $0 + count, count: capacity - count) }
  }
}
