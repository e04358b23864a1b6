internal import ArgumentParser
internal import Lapidary

/// The forms a report can take.
enum ReportFormat: String, ExpressibleByArgument, CaseIterable {
  case text, json, markdown
}

/// How a command reports.
struct ReportOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The form of the report.", valueName: "text|json|markdown"))
  var format = ReportFormat.text

  @Flag(help: "Print nothing but errors.")
  var quiet = false

  /// Prints a report in the form that was asked for.
  ///
  /// - Throws: `ModelError` when it cannot be written as a whole.
  func print(_ report: Report, toStandardError: Bool = false) throws(ModelError) {
    guard !quiet else { return }
    let stream = toStandardError ? Terminal.errors : Terminal.output
    let rendering =
      switch format {
      case .text: FileText.shown(TextRenderer(width: stream.width).render(report))
      case .markdown: FileText.shown(report.markdown)
      case .json: report.json.text
      }
    try stream.write(rendering)
  }
}

/// What every command that runs models takes.
struct RunOptions: ParsableArguments {
  @Option(help: "Threads to use; 0 for the machine's cores.")
  var threads = 0

  @Option(help: "The seed of random inputs.")
  var seed: UInt64 = 0

  @Option(
    help: ArgumentHelp(
      "How pictures become the input: imagenet, 0-1, -1-1 or 0-255, then resize=, crop=, scale=, mean=, std=, layout=, order=, set apart by commas.",
      valueName: "words"),
    transform: { try Preprocessing($0) })
  var preprocess: Preprocessing?

  @Option(
    help: ArgumentHelp(
      "An input that gets what the sample before left in an output: the state of a stream.",
      valueName: "INPUT=OUTPUT"))
  var carry: [String] = []

  func validate() throws {
    guard threads >= 0 else {
      throw ValidationError("--threads: expected 0 or more, found \(threads)")
    }
  }

  /// The data that a command is given.
  func data(_ spec: String, for model: Model) throws(ModelError) -> Dataset {
    try Dataset.load(
      spec, for: model, seed: seed, preprocessing: preprocess,
      carrying: Carrying(carry, options: session()))
  }

  /// The data that a command is given, and what is to be said of it.
  ///
  /// - Parameters:
  ///   - label: what messages call it.
  ///   - refuses: whether data of which nothing useful can come is refused.
  func surveyed(
    _ spec: String, for model: Model, label: String, refuses: Bool = true
  ) throws(ModelError) -> (data: Dataset, notes: [String]) {
    let data = try data(spec, for: model)
    let survey = try DataSurvey(data, label: label, refuses: refuses)
    return (data, data.notes + survey.notes.map { "\(label): \($0)" })
  }

  /// Options for sessions.
  func session(_ backend: BackendName = .accelerated) -> SessionOptions {
    SessionOptions(backend: backend.choice, threads: threads)
  }
}

/// How sums of products of bytes come about, for commands that run models as they are.
struct SaturationOptions: ParsableArguments {
  @Flag(
    help: """
      Compute products of bytes as ONNX Runtime does on processors with AVX2 or AVX-512 but without \
      VNNI: neighbouring pairs of products saturate at 16 bits.
      """)
  var saturating = false
}

extension SessionOptions {
  /// The same for products of bytes that saturate or not.
  func saturating(_ options: SaturationOptions) -> SessionOptions {
    var own = self
    own.saturates = options.saturating
    return own
  }
}

/// Whether a command proves its result.
struct VerificationOptions: ParsableArguments {
  @Flag(inversion: .prefixedNo, help: "Run the model before and after, and require equal results.")
  var verify = true

  /// The verification to run, or nil.
  func verification(_ run: RunOptions) -> Verification? {
    verify ? Verification(seed: run.seed, options: run.session()) : nil
  }

  /// How far the second model lies from the first on the data, or on random inputs where there are
  /// none; nil when not asked or not to be run.
  func comparison(
    _ before: Model, _ after: Model, on data: Dataset?, _ run: RunOptions, saturates: Bool = false
  ) throws(ModelError) -> ModelComparison? {
    guard verify else { return nil }
    let sample: Dataset
    if let data {
      sample = data
    } else {
      sample = try run.data("random:4", for: before)
    }
    var options = run.session()
    options.saturates = saturates
    return try ModelComparison.ifRunnable(
      before, after, on: sample, options: options, limit: 64)
  }
}

/// The backends by their names.
enum BackendName: String, CaseIterable, ExpressibleByArgument {
  case accelerated, reference

  var choice: BackendChoice {
    switch self {
    case .accelerated: .accelerated
    case .reference: .reference
    }
  }
}
