import ArgumentParser
import Lapidary

/// `lapidary diff`.
struct Diff: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows what two models differ in: nodes, attributes, weights, types, contract.",
    discussion: """
      Values are matched by content and ports, never by name alone; renames and another order of \
      nodes are reported and do not count as differences. The exit status is 0 for the same, 1 for \
      a difference, 2 for trouble.

      Example: lapidary diff Fixtures/fashion/fashion.onnx fused.onnx
      """)

  @Argument(help: "The first model.", completion: .file())
  var a: String

  @Argument(help: "The second model.", completion: .file())
  var b: String

  @Option(
    help: ArgumentHelp(
      "What counts as a difference: \(DiffHunk.Kind.allCases.map(\.rawValue).joined(separator: ", ")).",
      valueName: "LIST"))
  var failOn: String?

  @OptionGroup var report: ReportOptions

  func run() throws {
    var options = DiffOptions()
    if let failOn {
      options.failOn = []
      for word in failOn.split(separator: ",") {
        guard let kind = DiffHunk.Kind(rawValue: String(word)) else {
          throw ModelError(
            .request,
            "--fail-on: expected words among \(DiffHunk.Kind.allCases.map(\.rawValue).joined(separator: ", ")), found '\(word)'"
          )
        }
        options.failOn.insert(kind)
      }
    }
    let first = try ONNXFile.read(a, allowingAbsentData: true)
    let second = try ONNXFile.read(b, allowingAbsentData: true)
    var result = diff(first, second, options: options)
    result.nameA = a
    result.nameB = b
    let notes = [(a, first), (b, second)].flatMap { path, model in
      model.readingNotes.map { "\"\(path)\": \($0)" }
    }
    var found = result.report()
    found.add(notes: notes)
    try report.print(found)
    if result.differs { throw ExitCode(1) }
  }
}
