private import Glibc
public import IR

/// Runs git.
enum GitCommand {
  /// What git prints, without the space around it; nil where it fails or is not there.
  static func output(_ arguments: [String], in folder: String? = nil) -> String? {
    ChildProcess.output("git", (folder.map { ["-C", $0] } ?? []) + arguments)
  }

  /// Writes what git prints to a file, which is empty where git fails or is not there.
  ///
  /// - Returns: whether git did not fail.
  @discardableResult
  static func write(_ arguments: [String], in folder: String, to path: String) -> Bool {
    write("git", ["-C", folder] + arguments, to: path)
  }

  /// Puts a copy of a file in place of another.
  static func copy(_ source: String, to path: String) { write("cat", ["--", source], to: path) }

  @discardableResult
  private static func write(_ program: String, _ arguments: [String], to path: String) -> Bool {
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard file >= 0 else { return false }
    defer { close(file) }
    return ChildProcess(program, arguments, output: file)?.wait() ?? false
  }
}

/// Makes git show models by what they are.
public struct GitSetup: Sendable {
  /// What was done, a line each.
  public private(set) var lines: [String] = []

  private static let attribute = "*.onnx diff=lapidary"

  /// Writes the settings of the repository around a folder, and its attributes.
  ///
  /// - Parameters:
  ///   - command: how git is to call this program.
  ///   - isGlobal: whether the settings are the user's and not the repository's; attributes are the
  ///     repository's in either case, where there is one.
  /// - Throws: `ModelError` outside a repository.
  public init(in folder: String, command: String, isGlobal: Bool) throws(ModelError) {
    let root = GitCommand.output(["rev-parse", "--show-toplevel"], in: folder)
    guard root != nil || isGlobal else {
      throw ModelError(
        .request, "git-setup: expected a git repository around \"\(folder)\", found none",
        hint: "run it inside a repository, or with --global")
    }
    let quoted = "'" + command.replacing("'", with: "'\\''") + "'"
    let settings = [
      ("diff.lapidary.textconv", "\(quoted) git-textconv"),
      ("diff.lapidary.command", "\(quoted) git-diff"),
      ("diff.lapidary.binary", "true"),
      ("difftool.lapidary.cmd", "\(quoted) git-difftool \"$LOCAL\" \"$REMOTE\" \"$MERGED\""),
      ("difftool.prompt", "false"),
    ]
    for (key, value) in settings {
      let scope = isGlobal ? "--global" : "--local"
      guard GitCommand.output(["config", scope, key, value], in: root ?? folder) != nil else {
        throw ModelError(.file, "git-setup: expected git to set \(key), found it failing")
      }
      lines.append("\(isGlobal ? "user" : "repository"): \(key) = \(value)")
    }
    if let root { try writeAttributes(root) }
  }

  private mutating func writeAttributes(_ root: String) throws(ModelError) {
    let path = "\(root)/.gitattributes"
    let old = TextFile.exists(path) ? String(decoding: try TextFile.read(path), as: UTF8.self) : ""
    // The last line that names an attribute wins, so Git LFS's own may stand before it.
    guard
      old.split(separator: "\n").last(where: { $0.contains("*.onnx") && $0.contains("diff=") })
        .map(String.init) != Self.attribute
    else {
      lines.append(".gitattributes: \(Self.attribute) is there")
      return
    }
    let separator = old.isEmpty || old.hasSuffix("\n") ? "" : "\n"
    try TextFile.write(Array((old + separator + Self.attribute + "\n").utf8), to: path)
    lines.append(".gitattributes: \(Self.attribute)")
  }
}
