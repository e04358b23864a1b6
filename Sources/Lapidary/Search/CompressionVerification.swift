public import Execution
public import IR
internal import ONNXFile
public import Reports
public import Samples

/// Checks that a model is what the plan of a compression says, without the search that wrote it: both
/// models are told by their hashes, what the compressed one costs is counted anew, and with the data what
/// it loses is measured anew.
public struct CompressionVerification: Sendable {
  /// What was looked at, a line each.
  public private(set) var checked: [String] = []
  /// What does not agree; empty where all does.
  public private(set) var problems: [String] = []

  /// Checks a model.
  ///
  /// - Parameters:
  ///   - calibration: the samples that it was fitted to; nil where there are none at hand.
  ///   - choosing: the samples that the choice was made with; nil where there are none at hand.
  /// - Throws: `ModelError` when a model is invalid or cannot be run.
  public init(
    _ original: Model, _ compressed: Model, _ plan: CompressionPlan, calibration: Dataset?,
    choosing: Dataset?, options: SessionOptions
  ) throws(ModelError) {
    check("the original", plan.model, original.contentHash())
    check("the compressed model", plan.output ?? "none", compressed.contentHash())
    guard let choice = plan.choice else {
      problems.append("the plan is not finished: it names no model that was taken")
      return
    }
    check("bytes", "\(choice.costs.bytes)", "\(ONNXFile.byteCount(of: compressed))")
    let trial = try Trial(original, dimensions: [], data: calibration, options: options)
    let (cost, lengths) = try trial.cost(of: compressed)
    check("parameters", "\(choice.costs.parameters)", "\(cost.parameters)")
    if calibration != nil || lengths.isEmpty {
      check("multiply-accumulates", "\(choice.costs.macs)", "\(cost.macs)")
    }
    if let calibration {
      check(
        "the calibration data", plan.request["calibration"] ?? "none",
        try calibration.contentHash())
    }
    guard let choosing else { return }
    check(
      "the data that chose", plan.request["choosing"] ?? "none", try choosing.contentHash())
    let loss = try LossMeter(
      original, on: choosing, further: calibration, options: options
    ).loss(of: compressed)
    check("the loss", choice.loss?.text ?? "none", loss.text)
  }

  private mutating func check(_ what: String, _ expected: String, _ found: String) {
    if expected == found {
      checked.append("\(what): \(found)")
    } else {
      problems.append("\(what): expected \(expected) by the plan, found \(found)")
    }
  }

  /// What `verify-plan` reports.
  public var report: Report {
    var report = Report()
    report.add(data: ["agrees": .bool(problems.isEmpty)])
    report.add("checked", prefix: "agrees: ", lines: checked.map { Sentence($0) })
    report.add("problems", prefix: "differs: ", lines: problems.map { Sentence($0) })
    return report
  }
}
