public import ArgumentParser
public import Lapidary

/// `lapidary sparsify`.
struct Sparsify: ParsableCommand, RunsModels, ChecksOptions {
  static let configuration = CommandConfiguration(
    abstract: "Sets the least important elements of weights to zero.",
    discussion: """
      --ratio makes a fraction of every weight zero, wherever the elements lie. --pattern N:M leaves \
      at most N of every M elements that follow each other along the axis summed over (the input \
      channels of a convolution), as sparse matrix units want: 2:4. Weights are those of \
      convolutions, products and recurrent layers; biases and depthwise convolutions stay dense. \
      Shapes do not change: files become smaller only when they are compressed.

      By magnitude, elements compete with those of their own weight, or with --scope global with those \
      of all weights; by wanda (magnitude times the norm of what an element is multiplied with) with \
      those that make the same output. --keep leaves weights alone, the first and the last for one.

      Example: lapidary sparsify Fixtures/fashion/fashion.onnx -o sparse.onnx --pattern 2:4
      """)

  @Argument(help: "The model; - for the standard input.")
  var model: String

  @OptionGroup var output: OutputOptions
  @OptionGroup var placement: PlacementOptions

  @Option(help: ArgumentHelp("Make this fraction of the elements zero.", valueName: "0..1"))
  var ratio: Double?

  @Option(help: ArgumentHelp("Leave at most N of every M elements.", valueName: "N:M"))
  var pattern: String?

  @Option(
    help: ArgumentHelp(
      "What makes an element important; wanda needs --calibration.", valueName: "magnitude|wanda"))
  var importance = SparsityOptions.Importance.magnitude

  @Option(
    help: ArgumentHelp(
      "Against which elements an element competes by --ratio.", valueName: "local|global"))
  var scope = SparsityOptions.Competition.local

  @Option(
    help: "Samples to measure with: an .npz file, a folder of .npy or .pb files, or random:N.")
  var calibration: String?

  @Option(help: "Names or patterns of weights, nodes or operators that stay as they are.")
  var keep: [String] = []

  @Option(help: ArgumentHelp("Write which elements stay.", valueName: "PLAN.json"))
  var plan: String?

  @Option(help: ArgumentHelp("Replay a plan instead of choosing elements.", valueName: "PLAN.json"))
  var applyPlan: String?

  @OptionGroup var report: ReportOptions
  @OptionGroup var verification: VerificationOptions
  @OptionGroup var runOptions: RunOptions

  func checkOptions() throws {
    guard [ratio != nil, pattern != nil, applyPlan != nil].count(where: { $0 }) == 1 else {
      throw ValidationError("expected one of --ratio, --pattern and --apply-plan")
    }
    if let ratio, !(0...1).contains(ratio) {
      throw ValidationError("expected a fraction from 0 to 1, found \(ratio)")
    }
    if let pattern, SparsityOptions.Target(pattern: pattern) == nil {
      throw ValidationError("--pattern: expected N:M with N from 0 to M, found '\(pattern)'")
    }
    if importance == .wanda && calibration == nil && applyPlan == nil {
      throw ValidationError("--importance wanda needs --calibration")
    }
    if pattern != nil && scope == .global {
      throw ValidationError("--scope goes with --ratio; a pattern chooses among M neighbours")
    }
  }

  func run() throws {
    try output.check(against: [model] + (applyPlan.map { [$0] } ?? []))
    let original = try ONNXFile.read(model)
    let target = pattern.flatMap { SparsityOptions.Target(pattern: $0) } ?? .ratio(ratio ?? 0)
    var options = SparsityOptions(target: target)
    options.importance = importance
    options.competition = scope
    options.keep = keep
    var sparsifier = try Sparsifier(original, options)
    let data = try calibration.map { source throws(ModelError) in
      try Dataset.load(source, for: original, seed: runOptions.seed)
    }
    if importance == .wanda, applyPlan == nil, let data {
      let progress = Progress("calibrating", total: data.count)
      try sparsifier.calibrate(options: runOptions.session()) { add throws(ModelError) in
        for range in data.batches(of: 16) {
          try add(try data.inputs(range))
          progress.update(range.upperBound)
        }
      }
    }
    let hash = plan != nil || applyPlan != nil ? original.contentHash() : ""
    let result: Sparsifier.Result
    if let applyPlan {
      let plan = try SparsityPlan(json: try TextFile.read(applyPlan))
      result = try sparsifier.apply(plan, modelHash: hash)
    } else {
      result = try sparsifier.sparsify(modelHash: hash)
    }
    let comparison = try verification.comparison(
      original, result.model, on: data, runOptions)
    try output.write(result.model, placement, from: original, at: model)
    if let plan { try TextFile.write(try result.plan.json(), to: plan) }
    show(result.plan, comparison, ModelNotes(original).lines)
  }

  private func show(_ plan: SparsityPlan, _ comparison: ModelComparison?, _ notes: [String]) {
    var table = Table(
      "",
      [
        .init("weight"), .init("shape"), .init("elements", numeric: true),
        .init("zero before", numeric: true), .init("zero", numeric: true),
        .init("sparsity", numeric: true),
      ])
    func add(_ name: String, _ shape: String, _ count: Int, _ before: Int, _ zeros: Int) {
      let share = Double(zeros) / Double(max(count, 1))
      table.add(
        .init(name), .init(shape), .init(count), .init(before), .init(zeros),
        .init("\(NumberText.decimal(share * 100, 1)) %", json: .number(share)))
    }
    var all = (count: 0, before: 0, zeros: 0)
    for mask in plan.weights {
      let count = mask.shape.reduce(1, *)
      add(mask.weight, "\(mask.shape)", count, mask.zerosBefore, mask.zeros)
      all = (all.count + count, all.before + mask.zerosBefore, all.zeros + mask.zeros)
    }
    let weights = table.json
    add("all", "", all.count, all.before, all.zeros)
    var lines = plan.left.map { "'\($0.weight)' stays as it is: \($0.reason)" } + notes
    for output in comparison?.outputs ?? [] {
      lines.append(
        "output '\(output.name)': SQNR \(NumberText.decimal(output.comparison.sqnr, 1)) dB, "
          + "agreement \(NumberText.decimal(100 * output.comparison.argmaxAgreement, 1)) %")
    }
    if verification.verify && comparison == nil {
      lines.append("not compared: the model has an operator that Lapidary cannot run")
    }
    let outputs = (comparison?.outputs ?? []).map { output -> JSONValue in
      .object([
        "name": .string(output.name), "sqnr": .number(output.comparison.sqnr),
        "agreement": .number(output.comparison.argmaxAgreement),
      ])
    }
    let left = plan.left.map { entry -> JSONValue in
      .object(["weight": .string(entry.weight), "reason": .string(entry.reason)])
    }
    report.print(
      toStandardError: output.reportsToStandardError,
      text: table.text + lines.map { $0 + "\n" }.joined(),
      markdown: table.markdown + "\n" + lines.map { "- \($0)\n" }.joined(),
      json: .object([
        "schema": .int(1), "target": .string(plan.target), "weights": weights,
        "total": .object([
          "elements": .int(all.count), "zerosBefore": .int(all.before), "zeros": .int(all.zeros),
        ]),
        "left": .array(left), "outputs": .array(outputs),
        "notes": .array(notes.map { .string($0) }),
      ]))
  }
}

extension SparsityOptions.Importance: ExpressibleByArgument {}
extension SparsityOptions.Competition: ExpressibleByArgument {}
