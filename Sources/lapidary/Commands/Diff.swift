import ArgumentParser
import Lapidary

/// `lapidary diff`.
struct Diff: ParsableCommand, RunsModels {
  static let configuration = CommandConfiguration(
    abstract:
      "Shows what two models differ in, layer by layer: channels, weights, nodes, interface.",
    discussion: """
      Values are matched by content and ports, never by name alone; renames and another order of \
      nodes or of channels that every reader undoes are reported and do not count as differences. \
      Names, order and types of the graph's inputs and outputs are its interface (io) and do. \
      The exit status is 0 for the same, 1 for a difference, 2 for trouble.

      What a project allows stands in .lapidary-diff.yaml in the current folder, or in --policy.

      Example: lapidary diff Fixtures/fashion/fashion.onnx fused.onnx
      """)

  @Argument(help: "The first model.", completion: .file())
  var a: String

  @Argument(help: "The second model.", completion: .file())
  var b: String

  @OptionGroup var choices: DiffChoices
  @OptionGroup var numbers: NumericOptions
  @OptionGroup var page: HTMLOptions
  @OptionGroup var report: ReportOptions
  @OptionGroup var runOptions: RunOptions

  @Flag(help: "Print the verdict alone.")
  var summary = false

  @Option(help: ArgumentHelp("Print so many differences at most.", valueName: "N"))
  var limit: Int?

  @Option(
    help: ArgumentHelp(
      "Write which nodes correspond for Google's Model Explorer, and node data beside it as FILE.a.json and FILE.b.json.",
      valueName: "FILE.json"), completion: .file())
  var modelExplorer: String?

  var runsModels: Bool { numbers.numeric }

  func validate() throws {
    if let limit, limit < 1 {
      throw ValidationError("--limit: expected 1 or more, found \(limit)")
    }
  }

  func run() throws {
    let first = try ONNXFile.read(a, allowingAbsentData: true)
    let second = try ONNXFile.read(b, allowingAbsentData: true)
    var result = try choices.diff().compare(first, second)
    result.nameA = a
    result.nameB = b
    let notes = [(a, first), (b, second)].flatMap { path, model in
      model.readingNotes.map { "\"\(path)\": \($0)" }
    }
    var found = result.report(summary ? .summary : DiffDetail(failing: limit))
    let numeric = try numbers.compare(first, second, runOptions)
    if let numeric { found.blocks += numeric.blocks }
    found.add(notes: notes)
    try page.write { .difference(found, result, first, second) }
    if let modelExplorer {
      try ModelExplorerFiles(result, first, second).write(to: modelExplorer)
    }
    try report.print(found)
    if result.differs || numeric?.first != nil { throw ExitCode(1) }
  }
}
