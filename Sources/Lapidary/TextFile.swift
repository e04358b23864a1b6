public import IR
internal import ONNXFile
internal import Platform

/// Small files beside models: plans, statistics, recipes.
public enum TextFile {
  /// Whether something is at the path.
  public static func exists(_ path: String) -> Bool { FileTree.exists(path) }

  /// The bytes of a file.
  public static func read(_ path: String) throws(ModelError) -> [UInt8] {
    let file = try FileBytes.read(path, expecting: "text")
    return file.withUnsafeBytes { [UInt8]($0) }
  }

  /// Removes unfinished files under temporary names, since the process ends.
  package static func abandonPending() { FileBytes.abandonPending() }

  /// Writes a file, whole or not at all.
  public static func write(_ bytes: [UInt8], to path: String) throws(ModelError) {
    try FileBytes.write([Storage(bytes)], to: path)
  }
}
