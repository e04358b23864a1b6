import ArgumentParser
import Lapidary

/// `lapidary edit`.
struct Edit: ParsableCommand, RunsModels, ChecksOptions {
  static let configuration = CommandConfiguration(
    abstract: "Edits a model: its inputs and outputs, a part of it, what it says of itself.",
    discussion: """
      Edits are done in the order in which the options stand here, whatever the order on the command \
      line, and each is proved: both models are run on inputs that mean the same to them. What cannot \
      be done is an error with the reason, and nothing is written.

      Example: lapidary edit Fixtures/fashion/fashion.onnx -o edited.onnx --preprocess 0-1 \
      --layout nhwc --rename image=pixels --strip docs
      """)

  @Argument(help: "The model; - for the standard input.", completion: .file())
  var model: String

  @OptionGroup(title: "Parts") var parts: EditPartOptions
  @OptionGroup(title: "Inputs and outputs") var interface: EditInterfaceOptions
  @OptionGroup(title: "What the model says of itself") var words: EditWordOptions

  @Option(
    name: .customLong("split"),
    help: ArgumentHelp(
      """
      Divide the model at these values, and write OUTPUT with _1 and _2 before its suffix: what \
      computes them, and what follows.
      """, valueName: "VALUE,VALUE"))
  var division: String?

  @OptionGroup var placement: PlacementOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var report: ReportOptions
  @OptionGroup var verification: VerificationOptions

  @Option(help: "Threads to use; 0 for the machine's cores.")
  var threads = 0

  @Option(help: "The seed of random inputs.")
  var seed: UInt64 = 0

  var runsModels: Bool { verification.verify }

  func checkOptions() throws {
    guard threads >= 0 else {
      throw ValidationError("--threads: expected 0 or more, found \(threads)")
    }
    guard division == nil || output.output != "-" else {
      throw ValidationError("--split writes two files: give --output a name")
    }
  }

  private var proof: Verification? {
    verification.verify
      ? Verification(seed: seed, options: SessionOptions(threads: threads)) : nil
  }

  func run() throws {
    try output.check(against: [model])
    let original = try ONNXFile.read(model)
    var request = EditRequest()
    parts.fill(&request)
    interface.fill(&request)
    words.fill(&request)
    let sequence = EditSequence(try request.edits(of: original))
    guard !sequence.isEmpty || division != nil else {
      throw ModelError(
        .request, "expected an edit, found none", hint: "lapidary edit --help lists them")
    }
    var edited = original
    let steps = try sequence.run(&edited, verification: proof)
    var notes = ModelNotes(original).lines
    if division == nil, steps.allSatisfy(\.report.applied.isEmpty) {
      let file = output.output == "-" ? "the output" : FileText.shown(output.output)
      notes.append("nothing changed: \(file) is the model as it was")
    }
    var found = Report.edits(steps, before: original, after: edited, notes: notes)
    if let division {
      let names = division.split(separator: ",").map(String.init)
      let divided = try SplitModel(edited, at: names, verification: proof)
      for (part, number) in [(divided.first, 1), (divided.second, 2)] {
        var place = output
        place.output = Self.numbered(output.output, number)
        try place.check(against: [model])
        try place.write(part, placement, from: original, at: model)
        found.add(
          "part_\(number)", "\(place.output): \(part.graph.nodeCount) nodes")
      }
      found.add("proof", "split: \(divided.proof.text)")
    } else {
      try output.write(edited, placement, from: original, at: model)
    }
    try report.print(found, toStandardError: output.reportsToStandardError)
  }

  /// `model.onnx` -> `model_1.onnx`.
  private static func numbered(_ path: String, _ number: Int) -> String {
    guard let dot = path.lastIndex(of: "."), !path[dot...].contains("/") else {
      return "\(path)_\(number)"
    }
    return "\(path[..<dot])_\(number)\(path[dot...])"
  }
}
