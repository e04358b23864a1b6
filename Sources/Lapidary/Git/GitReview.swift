public import IR
internal import Platform
public import Reports

/// What became of the models of a repository between two commits, for a pull request.
public struct GitReview: Sendable {
  /// One file.
  public struct File: Sendable {
    /// Its name, and the old one where it was renamed.
    public let name: String
    /// `added`, `removed`, `changed`, `renamed`, or `weights` where only files with weights changed.
    public let state: String
    /// The comparison; nil where one version is no model.
    public let diff: DiffReport?
    /// What is said instead, or beside it of weights that are not in the repository.
    public let remark: String?
    /// Whether files with weights changed that are not here to be compared.
    var hasOtherWeights = false

    /// Whether it counts as a difference.
    public var differs: Bool {
      hasOtherWeights || (diff?.differs ?? (state != "added" && state != "removed"))
    }

    /// What a table says of it.
    var verdict: String {
      [diff?.headline, remark].compactMap { $0 }.joined(separator: "; ")
    }
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
    guard let list = Self.names(range, ["*.onnx"], in: folder) else {
      throw ModelError(
        .request,
        "git-review: expected commits that git knows, found '\(range.joined(separator: " "))'")
    }
    guard let store = FileTree.makeTemporaryFolder() else {
      throw ModelError(
        .file, "git-review: expected a place for temporary files, found none in TMPDIR or /tmp")
    }
    defer { FileTree.remove(store) }
    let changed = Set(
      (Self.names(range, [], in: folder) ?? []).flatMap { [$0.old, $0.new] }
        .filter { !$0.hasSuffix(".onnx") })
    func compare(_ letter: Character, _ old: String, _ new: String) {
      let a = letter == "A" ? .none : GitVersion(base, old, in: folder, to: store + "/a")
      let b = letter == "D" ? .none : GitVersion(head, new, in: folder, to: store + "/b")
      let hasOthers = !changed.isDisjoint(with: a.files + b.files)
      files.append(Self.file(letter, old, new, a.path, b.path, hasOthers, comparison))
      FileTree.remove(store + "/a")
      FileTree.remove(store + "/b")
    }
    for entry in list { compare(entry.letter, entry.old, entry.new) }
    // Models that are as they were, but for the files of their weights.
    let known = Set(list.flatMap { [$0.old, $0.new] })
    for name in Self.models(head, in: folder) where !known.contains(name) {
      let own = FilePath.folder(of: name)
      guard changed.contains(where: { own == "." || $0.hasPrefix(own + "/") }) else { continue }
      let version = GitVersion(head, name, in: folder, to: store + "/b")
      if !changed.isDisjoint(with: version.files) { compare("W", name, name) }
    }
  }

  /// What git says changed.
  private static func names(
    _ range: [String], _ patterns: [String], in folder: String
  ) -> [(letter: Character, old: String, new: String)]? {
    let options = [
      "-c", "core.quotePath=false", "diff", "--no-ext-diff", "--name-status", "-M", "--relative",
    ]
    return GitCommand.output(options + range + ["--"] + patterns, in: folder).map { list in
      list.split(separator: "\n").compactMap { line in
        let parts = line.split(separator: "\t").map(String.init)
        guard parts.count >= 2, let letter = parts[0].first else { return nil }
        return (letter, parts[1], parts[parts.count - 1])
      }
    }
  }

  /// The models of a commit, or of the working tree.
  private static func models(_ commit: String?, in folder: String) -> [String] {
    let list = commit.map { ["ls-tree", "-r", "--name-only", $0] } ?? ["ls-files"]
    return (GitCommand.output(["-c", "core.quotePath=false"] + list, in: folder) ?? "")
      .split(separator: "\n").map(String.init).filter { $0.hasSuffix(".onnx") }
  }

  private static func file(
    _ letter: Character, _ old: String, _ new: String, _ a: String?, _ b: String?,
    _ hasOtherWeights: Bool, _ comparison: ModelDiff
  ) -> File {
    let states: [Character: String] = [
      "A": "added", "D": "removed", "R": "renamed", "W": "weights",
    ]
    let state = states[letter] ?? "changed"
    let name = old == new ? new : "\(old) → \(new)"
    guard let a, let b else {
      let text = GitDifference.text(new, old: a ?? "/dev/null", new: b ?? "/dev/null", comparison)
      return File(
        name: name, state: state, diff: nil,
        remark: text.split(separator: "\n").last.map(String.init))
    }
    var first = GitModelFile(a), second = GitModelFile(b)
    if first.lacksData || second.lacksData {
      (first, second) = (GitModelFile(a, isDetached: true), GitModelFile(b, isDetached: true))
    }
    guard case .model(var x) = first, case .model(var y) = second else {
      return File(
        name: name, state: state, diff: nil,
        remark: [first, second].map(\.problem).filter { !$0.isEmpty }.joined(separator: "; "))
    }
    do throws(ModelError) {
      let apart = Model.setApart(&x, &y)
      var report = try comparison.compare(x, y)
      (report.nameA, report.nameB) = ("a/\(old)", "b/\(new)")
      report.notCompared = apart
      return File(
        name: name, state: state, diff: report,
        remark: report.differs ? apart.map { "not compared: \($0)" } : nil,
        hasOtherWeights: apart != nil && hasOtherWeights)
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
          (.init("verdict"), { .text($0.verdict) }),
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
