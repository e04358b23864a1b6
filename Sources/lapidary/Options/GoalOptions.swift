import ArgumentParser
import Lapidary

/// What a compressed model has to be.
struct GoalOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Lose no more than this, with 95 % confidence: points of top-1 with labels, of agreement with the original without. Of outputs that are no scores of classes it is the error in percent of their root mean square, as measured.",
      valueName: "points"))
  var maxLoss: Double?

  @Option(
    help: ArgumentHelp(
      "The largest file: a fraction of the original's, or 200KB, 1.5MB.", valueName: "size"))
  var maxBytes: Amount?

  @Option(
    help: ArgumentHelp(
      "The most multiply-accumulates: a fraction of the original's, or 50M, 1.2G.",
      valueName: "count"))
  var maxMacs: Amount?

  @Option(
    help: ArgumentHelp(
      "The longest run of one sample on this machine: 5ms, 300us, 0.1s; in onnxruntime too where a Python has it.",
      valueName: "time"))
  var maxLatency: Amount?

  @Option(
    help: ArgumentHelp(
      "Run so many times faster than the original, on this machine; in onnxruntime too where a Python has it.",
      valueName: "times"))
  var speedup: Double?

  @Option(
    help: ArgumentHelp(
      "How long models run at several widths, as latency-table measured it; measured anew otherwise.",
      valueName: "TABLE.json"),
    completion: .file())
  var latencyTable: String?

  @Option(
    help: ArgumentHelp(
      "The most energy of a run of one sample, by a model: a fraction of the original's, or 200uJ.",
      valueName: "energy"))
  var maxEnergy: Amount?

  @Option(
    help: ArgumentHelp(
      "Keep all that is decided in this file; what was interrupted goes on from it, what is finished is done again.",
      valueName: "PLAN.json"),
    completion: .file())
  var plan: String?

  @Option(
    help: ArgumentHelp(
      "Write models over the whole range into this folder, with front.json and front.html.",
      valueName: "DIR"),
    completion: .directory)
  var pareto: String?

  @Option(
    help: ArgumentHelp(
      "Keep what is tried in this folder: an interrupted search goes on, and several processes share one.",
      valueName: "DIR"),
    completion: .directory)
  var jobs: String?

  /// A number with a unit, or a fraction.
  struct Amount: ExpressibleByArgument {
    let limit: CompressionGoals.Limit

    private static let units: [(String, Double)] = [
      ("KIB", 1024), ("MIB", 1_048_576), ("GIB", 1_073_741_824), ("KB", 1e3), ("MB", 1e6),
      ("GB", 1e9), ("US", 1e-6), ("MS", 1e-3), ("S", 1),
      ("NJ", 1e-9), ("UJ", 1e-6), ("MJ", 1e-3), ("J", 1), ("K", 1e3), ("M", 1e6), ("G", 1e9),
      ("B", 1),
    ]

    init?(argument: String) {
      let text = argument.uppercased()
      let unit = Self.units.first { text.hasSuffix($0.0) }
      let digits = text.dropLast(unit?.0.count ?? 0)
      guard let number = Double(digits), number > 0, number.isFinite else { return nil }
      if let unit {
        limit = .absolute(number * unit.1)
      } else {
        limit = number <= 1 ? .fraction(number) : .absolute(number)
      }
    }
  }

  func validate() throws {
    if let maxLoss, !(maxLoss >= 0 && maxLoss <= 100) {
      throw ValidationError("--max-loss: expected points from 0 to 100, found \(maxLoss)")
    }
    if let speedup, !(speedup >= 1) {
      throw ValidationError("--speedup: expected 1 or more, found \(speedup)")
    }
    if speedup != nil, maxLatency != nil {
      throw ValidationError("give only one of --max-latency and --speedup")
    }
    if latencyTable != nil, speedup == nil, maxLatency == nil, plan == nil {
      throw ValidationError("--latency-table: expected --max-latency or --speedup beside it")
    }
    if case .absolute(let seconds)? = maxLatency?.limit, seconds >= 3600 {
      throw ValidationError("--max-latency: expected a time with its unit, such as 5ms")
    }
  }

  /// The plan that an earlier search left; nil where there is none.
  func earlierPlan() throws(ModelError) -> CompressionPlan? {
    guard let plan, TextFile.exists(plan) else { return nil }
    return try CompressionPlan(json: try TextFile.read(plan))
  }

  /// The table that was measured before; nil where there is none.
  func latencies() throws(ModelError) -> LatencyTable? {
    guard let latencyTable else { return nil }
    return try LatencyTable(json: try TextFile.read(latencyTable))
  }

  /// Whether widths are to be searched for.
  var isGiven: Bool { !goals.isEmpty || pareto != nil }

  /// The goals; with a front alone, nothing.
  var goals: CompressionGoals {
    var goals = CompressionGoals()
    goals.loss = maxLoss
    goals.bytes = maxBytes?.limit
    goals.macs = maxMacs?.limit
    goals.energy = maxEnergy?.limit
    goals.latency = maxLatency?.limit ?? speedup.map { .fraction(1 / $0) }
    return goals
  }
}
