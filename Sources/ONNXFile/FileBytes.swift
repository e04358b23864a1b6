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
    var bytes: [UInt8] = []
    var room = 1 << 16
    while true {
      let start = bytes.count
      bytes.append(contentsOf: repeatElement(0, count: room))
      let count = bytes.withUnsafeMutableBytes {
        Glibc.read(descriptor, $0.baseAddress! + start, room)
      }
      let failure = count < 0 ? errno : 0
      bytes.removeLast(room - max(0, count))
      if count == 0 { return Storage(bytes) }
      guard failure == 0 || failure == EINTR else {
        throw ModelError(.file, "expected \(kind), found \(systemMessage(failure))")
      }
      room = max(room, min(bytes.count, 1 << 28))
    }
  }

  /// The system's words for an error number, the last error by default.
  static func systemMessage(_ number: Int32 = errno) -> String {
    String(cString: strerror(number)).lowercased()
  }
}
