internal import Execution
internal import ONNXFile
internal import OneDNN

/// Which Lapidary this is, and what it runs on.
public enum Version {
  /// The version, as in CHANGELOG.md.
  public static let number = "0.1.0"

  /// What `--version` prints: the version, the commit of a release, and the libraries' versions.
  public static var text: String {
    let commit = BuildCommit.name.map { " (commit \($0))" } ?? ""
    return """
      lapidary \(number)\(commit)
      oneDNN \(BackendChoice.libraryVersion), ONNX \(ONNXChecker.libraryVersion)
      """
  }
}
