public import IR
internal import Platform
public import Reports

/// What became of the models of a repository between two commits, for a pull request.
public struct GitReview: Sendable {
  /// One file.
  public struct File: Sendable {
    /// Its name, and the old one where it was renamed.
    public let name: String
    /// `added`, `removed`, `changed` or `renamed`.
    public let state: String
    /// The comparison; nil where one version is no model.
    public let diff: DiffReport?
    /// What is said instead.
    public let remark: String?

    /// Whether it counts as a difference.
    public var differs: Bool { diff?.differs ?? (state == "changed" || state == "renamed") }
  }

  /// The files, by name.
  public private(set) var files: [File] = []

  /// Whether a model differs in what counts. Added and removed models do not: a reviewer sees them.
  public var differs: Bool { files.contains(where: \.differs) }

  /// Compares the models of two commits, or of a commit and the working tree.
  ///
  /// - Parameters:
  ///   - head: the newer commit; nil for the working tree.
  /// - Throws: `ModelError` where git does not know a commit.
  public init(
    _ base: String, _ head: String?, in folder: String, _ comparison: ModelDiff
  ) throws(ModelError) {
    let range = [base] + (head.map { [$0] } ?? [])
    guard
      let list = GitCommand.output(
        [
          "-c", "core.quotePath=false", "diff", "--no-ext-diff", "--name-status", "-M",
          "--relative",
        ]
          + range + ["--", "*.onnx"],
        in: folder)
    else {
      throw ModelError(
        .request,
        "git-review: expected commits that git knows, found '\(range.joined(separator: " "))'")
    }
    guard let store = FileTree.makeTemporaryFolder() else {
      throw ModelError(
        .file, "git-review: expected a place for temporary files, found none in TMPDIR or /tmp")
    }
    defer { FileTree.remove(store) }
    for line in list.split(separator: "\n") {
      let parts = line.split(separator: "\t").map(String.init)
      guard parts.count >= 2, let letter = parts[0].first else { continue }
      let old = parts[1], new = parts[parts.count - 1]
      let a = letter == "A" ? nil : Self.take(base, old, store + "/a.onnx", folder)
      var b: String?
      if letter != "D" {
        b = head.map { Self.take($0, new, store + "/b.onnx", folder) } ?? "\(folder)/\(new)"
      }
      files.append(Self.file(letter, old, new, a, b, comparison))
    }
  }

  /// Takes a file out of a commit.
  private static func take(
    _ commit: String, _ name: String, _ path: String, _ folder: String
  ) -> String {
    GitCommand.write(["show", "\(commit):./\(name)"], in: folder, to: path)
    return path
  }

  private static func file(
    _ letter: Character, _ old: String, _ new: String, _ a: String?, _ b: String?,
    _ comparison: ModelDiff
  ) -> File {
    let states: [Character: String] = ["A": "added", "D": "removed", "R": "renamed"]
    let state = states[letter] ?? "changed"
    let name = old == new ? new : "\(old) → \(new)"
    guard let a, let b else {
      let text = GitDifference.text(new, old: a ?? "/dev/null", new: b ?? "/dev/null", comparison)
      return File(
        name: name, state: state, diff: nil,
        remark: text.split(separator: "\n").last.map(String.init))
    }
    let first = GitModelFile(a, isDetached: true), second = GitModelFile(b, isDetached: true)
    guard case .model(let x) = first, case .model(let y) = second else {
      return File(
        name: name, state: state, diff: nil,
        remark: [first, second].map(\.problem).filter { !$0.isEmpty }.joined(separator: "; "))
    }
    do throws(ModelError) {
      var report = try comparison.compare(x, y)
      (report.nameA, report.nameB) = ("a/\(old)", "b/\(new)")
      return File(name: name, state: state, diff: report, remark: nil)
    } catch {
      return File(name: name, state: state, diff: nil, remark: error.message)
    }
  }

  /// What a pull request is told.
  public func report(_ detail: DiffDetail = DiffDetail()) -> Report {
    var report = Report()
    let count = files.count
    report.blocks.append(
      .heading(
        .init(
          "\(count) \(count == 1 ? "model" : "models") changed",
          document: "Models: \(count) changed", [.init(key: "models", value: .int(count))])))
    report.add(data: ["differs": .bool(differs)])
    report.add(
      Table(
        "files", of: files,
        [
          (.init("file"), { .text($0.name) }), (.init("state"), { .text($0.state) }),
          (.init("verdict"), { .text($0.diff?.headline ?? $0.remark ?? "") }),
        ]))
    for file in files {
      guard let diff = file.diff, !diff.hunks.isEmpty else { continue }
      report.blocks.append(.gap)
      report.blocks += diff.report(detail).blocks
    }
    return report
  }
}

extension GitModelFile {
  /// Why there is no model; empty where there is one.
  fileprivate var problem: String {
    switch self {
    case .model: ""
    case .none: "an empty file"
    case .pointer(let pointer): pointer.text
    case .other(let text): text
    }
  }
}
