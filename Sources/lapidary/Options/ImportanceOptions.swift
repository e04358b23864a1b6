public import ArgumentParser
public import Lapidary

/// How channels are scored and compared.
struct ImportanceOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "What makes a channel important; those from mean on need --calibration, taylor labels too.",
      valueName: "l1|l2|linf|bn|fpgm|random|mean|variance|apoz|wanda|taylor|fisher|obs"))
  var importance: PruningOptions.Importance = .l2

  @Option(
    help: ArgumentHelp(
      "How the numbers of several weights become one.", valueName: "mean|sum|max|first"))
  var reduction = PruningOptions.Reduction.mean

  @Option(
    help: ArgumentHelp(
      "What of its group a score is divided by; mean, or none for obs and --scores, when left out.",
      valueName: "mean|sum|max|none"))
  var normalizer: PruningOptions.Normalizer?

  @Option(
    help: ArgumentHelp(
      "Against which channels a channel competes.", valueName: "local|global|isomorphic"))
  var scope = PruningOptions.Competition.local

  @OptionGroup var choices: ChoiceOptions

  @Option(
    help: ArgumentHelp("Scores of channels by weight, instead.", valueName: "FILE.json"),
    completion: .file())
  var scores: String?

  @Option(
    help: "Samples: an .npz file, a folder of .npy or .pb files, or random:N.", completion: .file())
  var calibration: String?

  /// Refuses an importance that lacks what it is measured on.
  func check() throws {
    if importance.needsCalibration && scores == nil && calibration == nil {
      throw ValidationError("--importance \(importance.name) needs --calibration")
    }
  }

  /// Puts the choices into options.
  func apply(to options: inout PruningOptions, seed: UInt64) throws(ModelError) {
    options.importance = importance
    options.reduction = reduction
    if let normalizer { options.normalizer = normalizer }
    options.competition = scope
    options.choices = choices.choices
    options.seed = seed
    if let scores {
      options.importance = .scores
      options.scores = try ChannelScores(json: try TextFile.read(scores)).scores
    }
  }

  /// Whether the model is run to score its channels.
  var runsModels: Bool { scores == nil && importance.needsCalibration }

  /// Runs the model on the calibration data where the importance needs it.
  ///
  /// - Returns: what is to be said of the data.
  func calibrate(
    _ pruner: inout Pruner, for model: Model, _ run: RunOptions
  ) throws(ModelError) -> [String] {
    guard let calibration, runsModels else { return [] }
    let (data, notes) = try run.surveyed(calibration, for: model, label: "calibration")
    let progress = Progress("calibrating", total: data.count)
    try pruner.calibrate(
      on: SampleRun(data, for: pruner.model), options: run.session(), progress: progress.update)
    return notes + pruner.importanceNotes
  }
}

extension PruningOptions.Importance: ExpressibleByArgument {
  /// Reads the name of an importance.
  public init?(argument: String) { self.init(name: argument) }
}

extension PruningOptions.Reduction: ExpressibleByArgument {}
extension PruningOptions.Normalizer: ExpressibleByArgument {}
extension PruningOptions.Competition: ExpressibleByArgument {}
