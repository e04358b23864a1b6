import ArgumentParser
import Lapidary

/// `lapidary sensitivity`.
struct SensitivityCommand: ParsableCommand, RunsModels {
  static let configuration = CommandConfiguration(
    commandName: "sensitivity",
    abstract: "Measures how much the outputs suffer when channels of one group at a time go.",
    discussion: """
      For each group the least important channels are masked at several ratios, and the outputs \
      compared with the model's own: signal over error in dB, the lower the worse, and with an array \
      'labels' in the data how often the model is still right. The scores that -o writes say for each \
      channel at which error it goes; with them, prune --scope global takes the same error from every \
      group.

      Example: lapidary sensitivity Fixtures/fashion/fashion.onnx \
      --calibration Fixtures/fashion/calibration.npz --samples 32 -o scores.json
      """)

  @Argument(help: "The model; - for the standard input.", completion: .file())
  var model: String

  @Option(
    help: """
      Samples, and labels if there are any: an .npz file, a folder of .npy or .pb files, or random:N.
      """, completion: .file())
  var calibration: String

  @Option(
    name: [.short, .long], help: "The file for scores that prune --scores takes.",
    completion: .file())
  var output: String?

  @Option(help: "Use no more samples than this.")
  var samples = 32

  @Option(help: ArgumentHelp("The fractions of a group to remove.", valueName: "R,R,…"))
  var ratios: RatioList = RatioList(values: [0.25, 0.5, 0.75])

  @Option(
    help: ArgumentHelp(
      "Which channels of a group go first.",
      valueName: "l1|l2|linf|bn|fpgm|random|mean|variance|apoz|wanda|taylor|fisher|obs"))
  var importance: PruningOptions.Importance = .l2

  @OptionGroup var choices: ChoiceOptions

  @Option(help: "Names or patterns of weights, nodes or operators whose channels stay.")
  var keep: [String] = []

  @OptionGroup var report: ReportOptions
  @OptionGroup var runOptions: RunOptions

  /// Fractions with commas between them.
  struct RatioList: ExpressibleByArgument {
    let values: [Double]
    var defaultValueDescription: String { values.map { "\($0)" }.joined(separator: ",") }

    init(values: [Double]) { self.values = values }

    init?(argument: String) {
      let values = argument.split(separator: ",", omittingEmptySubsequences: false)
        .map { Double($0.filter { $0 != " " }) }
      guard values.allSatisfy({ $0.map { $0 > 0 && $0 < 1 } ?? false }) else { return nil }
      self.values = Set(values.compactMap { $0 }).sorted()
    }
  }

  func validate() throws {
    guard samples > 0 else {
      throw ValidationError("--samples: expected 1 or more, found \(samples)")
    }
  }

  func run() throws {
    let original = try ONNXFile.read(model)
    let (data, notes) = try runOptions.surveyed(calibration, for: original, label: "calibration")
    var options = PruningOptions(target: .ratio(0))
    options.importance = importance
    options.choices = choices.choices
    options.keep = keep
    options.seed = runOptions.seed
    var pruner = try Pruner(original, options)
    if importance.needsCalibration {
      try pruner.calibrate(
        on: SampleRun(data, for: pruner.model), options: runOptions.session())
    }
    let probes = try pruner.sensitivity(ratios: ratios.values, options: runOptions.session())
    let cuts = probes.groups.reduce(0) { $0 + $1.probes.count }
    let progress = Progress("measuring", total: cuts)
    let result = try Sensitivity(
      probes, of: pruner.model, on: data, limit: samples, progress: progress.update)
    var found = result.report
    found.add(notes: notes + pruner.importanceNotes)
    if let output { try TextFile.write(Array(found.json.text.utf8), to: output) }
    try report.print(found)
  }
}
