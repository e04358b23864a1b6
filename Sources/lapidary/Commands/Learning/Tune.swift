public import ArgumentParser
public import Lapidary

/// `lapidary tune`.
struct Tune: ParsableCommand, RunsModels, ChecksOptions {
  static let configuration = CommandConfiguration(
    abstract: "Adapts a model's weights to what a teacher computes, or to labels.",
    discussion: """
      The weights of a model that was made smaller learn to give what the model gave that it was made \
      from, on samples without labels; with --labels they learn those too. A quarter of the samples is \
      held out: the weights that are best on it are kept, and where none are better the model stays as \
      it was. Zeros of a sparse weight stay zero. The same options give the same bytes on any number of \
      threads; --minutes settles the number of steps by the clock.

      With --quantized the model is one in QDQ form, as quantize writes it. Its weights learn through \
      their rounding (quantization-aware training), and so do scales and biases; integers keep to the \
      bits that they have, and nothing but their values changes. The teacher is the model of floats.

      Example: lapidary tune small.onnx -o tuned.onnx --teacher Fixtures/fashion/fashion.onnx \
      --data Fixtures/fashion/calibration.npz --steps 300
      """)

  @Argument(help: "The model; - for the standard input.", completion: .file())
  var model: String

  @OptionGroup var output: OutputOptions
  @OptionGroup var placement: PlacementOptions

  @Option(
    help: "Samples: an .npz file, a folder of .npy or .pb files, or pictures with --preprocess.",
    completion: .file())
  var data: String

  @Option(help: "The model to come close to.", completion: .file())
  var teacher: String?

  @Flag(help: "Learn the array 'labels' of the data too.")
  var labels = false

  @Flag(
    help: """
      Let the integers, scales and biases of a model in QDQ form learn through its quantizers, and write \
      integers.
      """)
  var quantized = false

  @Option(
    help: ArgumentHelp(
      "What is compared; response,feature by default.",
      valueName: "response,feature,relation,labels"))
  var loss: LossList?

  @Option(help: "Take so many steps.")
  var steps: Int?

  @Option(help: "Take about so long, in minutes.")
  var minutes: Double?

  @Option(help: "Samples a step.")
  var batch = 64

  @Option(help: "The largest rate of a step.")
  var rate = 2e-3

  @Option(
    help: ArgumentHelp(
      """
      How samples are changed before each step, for the teacher too; all where the inputs allow it, \
      mix with --labels.
      """, valueName: "mirror,shift,mix|none"))
  var alter: AlterationList?

  @Option(help: ArgumentHelp("How steps follow from gradients.", valueName: "adam|sgd"))
  var optimizer = TuningOptions.Optimizer.adam

  @Option(
    help: """
      Keep the state of the run in this file, and go on from it where it is there already.
      """, completion: .file())
  var checkpoint: String?

  @OptionGroup var report: ReportOptions
  @OptionGroup var runOptions: RunOptions

  /// Kinds of loss with commas between them.
  struct LossList: ExpressibleByArgument {
    let kinds: Set<Objective.Kind>

    init?(argument: String) {
      let kinds = argument.split(separator: ",").map { Objective.Kind(rawValue: String($0)) }
      guard !kinds.isEmpty, !kinds.contains(nil) else { return nil }
      self.kinds = Set(kinds.compactMap { $0 })
    }
  }

  /// Kinds of alterations with commas between them.
  struct AlterationList: ExpressibleByArgument {
    let alterations: Set<Alteration>

    init?(argument: String) {
      let found = argument.split(separator: ",").map { Alteration(rawValue: String($0)) }
      guard argument == "none" || !found.isEmpty && !found.contains(nil) else { return nil }
      alterations = Set(found.compactMap { $0 })
    }
  }

  func checkOptions() throws {
    guard steps == nil || minutes == nil else {
      throw ValidationError("give only one of --steps and --minutes")
    }
    guard steps ?? 1 > 0, minutes ?? 1 > 0, batch > 0, rate > 0 else {
      throw ValidationError("--steps, --minutes, --batch and --rate: expected more than 0")
    }
    let wanted = kinds
    guard teacher != nil || wanted == [.labels] else {
      throw ValidationError("expected --teacher ORIGINAL, or --loss labels")
    }
  }

  private var kinds: Set<Objective.Kind> {
    let given = loss?.kinds ?? (teacher == nil && labels ? [] : [.response, .feature])
    return labels ? given.union([.labels]) : given
  }

  func run() throws {
    try output.check(against: [model] + (teacher.map { [$0] } ?? []))
    let original = try ONNXFile.read(model)
    let source = try teacher.map { path throws(ModelError) in try ONNXFile.read(path) }
    let samples = try runOptions.data(data, for: original)
    var options = TuningOptions()
    options.kinds = kinds
    options.steps = steps
    options.seconds = minutes.map { $0 * 60 }
    options.batch = batch
    options.rate = rate
    options.optimizer = optimizer
    options.alterations = alter?.alterations
    options.seed = runOptions.seed
    options.isQuantized = quantized
    let key = [UInt8]((original.contentHash() + options.key).utf8)
    let earlier = try checkpoint.flatMap { path throws(ModelError) -> TuningState? in
      guard TextFile.exists(path) else { return nil }
      return try TuningState(try TextFile.read(path), key: key, label: path)
    }
    let progress = Progress("tuning")
    let result = try Tuning(
      original, teacher: source, on: samples, options: options, session: runOptions.session(),
      from: earlier, progress: progress.update
    ) { state throws(ModelError) in
      if let checkpoint { try TextFile.write(state.encoded(key: key), to: checkpoint) }
    }
    try output.write(result.outcome.model, placement, from: original, at: model)
    try report.print(
      result.report(notes: samples.notes), toStandardError: output.reportsToStandardError)
  }
}

extension TuningOptions.Optimizer: ExpressibleByArgument {}
