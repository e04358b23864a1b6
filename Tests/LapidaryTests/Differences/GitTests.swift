import Foundation
import Lapidary
import TestSupport
import Testing

/// Git in a scratch repository: what its commands show of models.
@Suite struct GitTests {
  let folder: TemporaryFolder
  let fixture = Repository.fixture("fashion/fashion.onnx")

  init() throws { folder = try TemporaryFolder() }

  @discardableResult
  private func shell(_ line: String, _ status: Int32 = 0) throws -> String {
    let settings =
      "export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null HOME=\"$PWD\" GIT_PAGER=cat;"
    let outcome = try Command.shell(settings + line, in: folder.path)
    let text = String(decoding: outcome.output, as: UTF8.self)
    #expect(outcome.status == status, "\(line): \(text)\(outcome.errors)")
    return text
  }

  /// A repository with a model, and in a second commit one changed, added, removed, renamed, one with
  /// its weights outside and one that Git LFS keeps elsewhere.
  private func repository() throws {
    let pointer = """
      version https://git-lfs.github.com/spec/v1
      oid sha256:\(String(repeating: "ab", count: 32))
      size 12345

      """
    try shell(
      """
      git init -q -b main . && git config user.name T && git config user.email t@example.org
      "$LAPIDARY" git-setup
      cp '\(fixture)' changed.onnx; cp '\(fixture)' old.onnx
      "$LAPIDARY" fuse '\(fixture)' -o gone.onnx --only fold-batch-normalization --quiet
      "$LAPIDARY" convert '\(fixture)' -o outside.onnx --external w.data --quiet
      """)
    try folder.add("lfs.onnx", Array(pointer.utf8))
    try shell("git add -A && git commit -qm one")
    try folder.add("lfs.onnx", Array(pointer.replacing("12345", with: "54321").utf8))
    try shell(
      """
      "$LAPIDARY" fuse '\(fixture)' -o changed.onnx --quiet; git rm -q gone.onnx
      git mv old.onnx new.onnx
      printf 'no model' > broken.onnx
      "$LAPIDARY" prune '\(fixture)' -o small.onnx --ratio 0.3 --no-verify --quiet
      "$LAPIDARY" convert small.onnx -o outside.onnx --external w.data --force --quiet
      git add -A && git commit -qm two
      """)
  }

  @Test("diff, log -p and difftool show what became of models, and never die")
  func commands() throws {
    try repository()
    let diff = try shell("git diff HEAD~1 HEAD -M")
    #expect(diff.contains("lapidary diff changed.onnx"))
    #expect(diff.contains("added: a model of"))
    #expect(diff.contains("removed: a model of"))
    #expect(diff.contains("size") || diff.contains("54321 bytes"))
    #expect(diff.contains("no model that can be read"))
    #expect(diff.contains("lapidary diff outside.onnx"))
    let log = try shell("git log -p -M")
    #expect(log.contains("+   "))
    #expect(log.contains("Git LFS pointer: sha256 abab"))
    #expect(log.contains("{... absent: location=w.data"))
    #expect(log.contains("rename from old.onnx"))
    let tool = try shell("git difftool -t lapidary -y HEAD~1 HEAD")
    #expect(tool.contains("lapidary diff changed.onnx"))
    #expect(tool.contains("added: a model of"))
  }

  @Test("settings are written once, behind those of Git LFS")
  func setup() throws {
    try shell(
      "git init -q . && printf '*.onnx filter=lfs diff=lfs merge=lfs -text\\n' > .gitattributes")
    try shell("\"$LAPIDARY\" git-setup && \"$LAPIDARY\" git-setup")
    let attributes = String(decoding: try folder.bytes(".gitattributes"), as: UTF8.self)
    #expect(
      attributes == "*.onnx filter=lfs diff=lfs merge=lfs -text\n*.onnx diff=lapidary\n")
    #expect(try shell("git check-attr diff x.onnx") == "x.onnx: diff: lapidary\n")
    let outside = try TemporaryFolder()
    let refused = try Command.run(["git-setup"], in: outside.path)
    #expect(refused.status == 2)
    #expect(refused.errors.contains("expected a git repository"))
  }

  @Test("an object of Git LFS that is in the repository is followed")
  func object() throws {
    let oid = String(repeating: "cd", count: 32)
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:\(oid)\nsize 10\n"
    try shell(
      "git init -q . && mkdir -p .git/lfs/objects/cd/cd && cp '\(fixture)' .git/lfs/objects/cd/cd/\(oid)"
    )
    try folder.add("m.onnx", Array(pointer.utf8))
    #expect(try shell("\"$LAPIDARY\" git-textconv m.onnx").contains("ir_version"))
  }

  @Test("weights in other files: what changed is compared where both are there, and said else")
  func external() throws {
    try shell(
      """
      git init -q -b main . && git config user.name T && git config user.email t@example.org
      "$LAPIDARY" git-setup --quiet; mkdir sub
      "$LAPIDARY" convert '\(fixture)' -o sub/m.onnx --external w.data --quiet
      cp -r sub moved; git add -A && git commit -qm one
      """)
    // One weight of the file alone, which stands behind the graph that stays.
    var weights = try folder.bytes("sub/w.data")
    weights[3] ^= 1
    try folder.add("sub/w.data", weights)
    let changed = try shell("git commit -qam two; \"$LAPIDARY\" git-review HEAD~1 HEAD", 1)
    #expect(changed.contains("1 model changed"))
    #expect(changed.contains("sub/m.onnx  weights  differs: 1 difference"))
    #expect(try shell("cd sub && \"$LAPIDARY\" git-review HEAD~1", 1).contains("m.onnx  weights"))
    #expect(try shell("\"$LAPIDARY\" git-review HEAD").contains("0 models"))
    // A renamed file of the same weights is no difference.
    try shell(
      """
      "$LAPIDARY" convert moved/m.onnx -o moved/n.onnx --external v.data --quiet
      git rm -q moved/m.onnx moved/w.data; git add -A; git commit -qm three
      """)
    #expect(try shell("\"$LAPIDARY\" git-review HEAD~1 HEAD").contains("same:"))
    let shown = try shell("git diff HEAD~1 HEAD -- moved")
    #expect(shown.contains("not compared") && !shown.contains("with other weights"))
    // Pointers of Git LFS whose objects are elsewhere: other weights, that nobody can see.
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:"
    for (index, letter) in ["a", "b"].enumerated() {
      let oid = String(repeating: letter, count: 64)
      try folder.add("sub/w.data", Array("\(pointer)\(oid)\nsize 9\n".utf8))
      try shell("git commit -qam lfs\(index)")
    }
    let apart = try shell("\"$LAPIDARY\" git-review HEAD~1 HEAD", 1)
    #expect(apart.contains("same graph") && apart.contains("in 'w.data' were not compared"))
    // The model beside a pointer in the working tree is a model.
    try shell("\"$LAPIDARY\" convert '\(fixture)' -o sub/m.onnx --external x.data --force --quiet")
    #expect(try shell("git diff -- sub/m.onnx").contains("same graph"))
    // Gone altogether.
    let gone = try shell(
      "git checkout -q sub; git rm -q sub/w.data; \"$LAPIDARY\" git-review HEAD", 1)
    #expect(gone.contains("weights in 'w.data' were not compared"))
  }

  @Test("the action writes a report that a pull request takes")
  func action() throws {
    try repository()
    let script = Repository.root.appendingPathComponent(".github/actions/review/review").path
    let review = "lapidary-review"
    try shell(
      "BASE=HEAD~1 HEAD=HEAD GITHUB_OUTPUT=out.txt GITHUB_STEP_SUMMARY=summary RUNNER_TEMP=. '\(script)'"
    )
    let report = String(decoding: try folder.bytes("\(review).md"), as: UTF8.self)
    #expect(report == String(decoding: try folder.bytes("summary"), as: UTF8.self))
    #expect(report.contains("old.onnx → new.onnx"))
    #expect(report.contains("| small.onnx | added |"))
    #expect(report.count <= 60_000)
    let output = String(decoding: try folder.bytes("out.txt"), as: UTF8.self)
    #expect(output == "differs=true\nreport=./lapidary-review.md\n")
    try shell("BASE=HEAD~1 HEAD=HEAD FAIL=true RUNNER_TEMP=. '\(script)'", 1)
    try shell("BASE=HEAD HEAD=HEAD FAIL=true RUNNER_TEMP=. '\(script)'")
    try shell("BASE=nosuch FAIL=true RUNNER_TEMP=. '\(script)'", 2)
  }

  @Test("the hooks of pre-commit check models and verify goldens")
  func hooks() throws {
    let hooks = try String(
      contentsOf: Repository.root.appendingPathComponent(".pre-commit-hooks.yaml"), encoding: .utf8)
    let scripts = hooks.matches(of: /entry: (\S+)/).map { String($0.output.1) }
    #expect(scripts == ["Scripts/check-models", "Scripts/verify-goldens"])
    let paths = scripts.map { Repository.root.appendingPathComponent($0).path }
    try folder.add("lfs.onnx", Array("version https://git-lfs.github.com/spec/v1\n".utf8))
    try folder.add("broken.onnx", Array("no model".utf8))
    try shell("cp '\(fixture)' m.onnx; \"$LAPIDARY\" golden record m.onnx -o m.onnx.golden --quiet")
    try shell("'\(paths[0])' m.onnx lfs.onnx")
    try shell("'\(paths[0])' m.onnx broken.onnx 2>/dev/null", 1)
    try shell("'\(paths[1])' m.onnx lfs.onnx")
    try shell("\"$LAPIDARY\" prune m.onnx -o m.onnx --force --ratio 0.3 --no-verify --quiet")
    #expect(try shell("'\(paths[1])' m.onnx", 1).contains("not as expected"))
  }
}
