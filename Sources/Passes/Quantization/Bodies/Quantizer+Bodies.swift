public import Execution
public import IR
internal import Operators
public import Samples

extension Quantizer {
  /// Quantizes the bodies of If, Loop and Scan as models of their own, on what they are run on while
  /// the model runs on samples. A body that no sample reaches stays as it is.
  ///
  /// - Parameters:
  ///   - result: what came of the main graph.
  ///   - samples: what ranges and fits come from.
  /// - Returns: the result with bodies quantized; the plan says how.
  public func quantizeBodies(
    of result: Result, on samples: SampleRun, options session: SessionOptions
  ) throws(ModelError) -> Result {
    try quantizeBodies(of: result, on: samples, session, reserved: [])
  }

  private func quantizeBodies(
    of result: Result, on samples: SampleRun, _ session: SessionOptions, reserved: Set<String>
  ) throws(ModelError) -> Result {
    let outlines = outlines
    guard !outlines.isEmpty else { return result }
    let runs = try BodyRuns(outlines, facts, computable, on: samples, session)
    var result = result
    let names = reserved.union(result.model.graph.names)
    for outline in outlines {
      guard let samples = runs.samples(of: outline), samples.count > 0 else {
        result.say("no sample ran it", of: outline, in: facts)
        continue
      }
      let quantizer: Quantizer
      do throws(ModelError) {
        quantizer = try Quantizer(outline.model, options).smoothed(on: samples, options: session)
      } catch {
        result.say("it cannot be taken apart: \(error.message)", of: outline, in: facts)
        continue
      }
      let statistics = try quantizer.calibrate(on: samples, options: session)
      let fitted = try quantizer.fit(
        try quantizer.plan(statistics), on: samples, options: session)
      let own = try quantizer.quantizeBodies(
        of: try quantizer.quantize(fitted), on: samples, session, reserved: names)
      let signal = try Self.leastSignal(outline.model, own.model, on: samples, session)
      guard signal >= Self.leastOfRun else {
        let loss = "\((10 * signal).rounded() / 10) dB of signal"
        result.say("one scale does not fit all its runs, one keeps \(loss)", of: outline, in: facts)
        continue
      }
      try result.take(own, of: outline, in: facts, reserved: reserved)
    }
    result.model.graph.dropUnusedValues()
    return result
  }

  /// The signal over error in dB that every run of a body must keep: values that grow from run to run
  /// may need another scale in each.
  private static let leastOfRun = 10.0

  /// Signal over error in dB of the worst run, all outputs in floats together.
  private static func leastSignal(
    _ float: Model, _ integer: Model, on samples: SampleRun, _ options: SessionOptions
  ) throws(ModelError) -> Double {
    let reference = try Session(float, options: options)
    let candidate = try Session(integer, options: options)
    var least = Double.infinity
    try samples.forEach { inputs, _ throws(ModelError) in
      let given = inputs.mapValues { Datum.tensor($0) }
      let (a, b) = (try reference.run(values: given), try candidate.run(values: given))
      var sums = ComparisonSums()
      for (name, value) in a.sorted(by: { $0.key < $1.key }) {
        guard let x = value.tensor, x.elementType == .float, let y = b[name]?.tensor,
          x.dimensions == y.dimensions
        else { continue }
        try sums.add(reference: x, candidate: y)
      }
      // A run that gives zeros has no signal to keep.
      let signal = sums.comparison.sqnr
      if signal > -.infinity { least = min(least, signal) }
    }
    return least
  }

  /// Quantizes bodies as a plan says.
  func applyBodies(
    of plan: QuantizationPlan, to result: Result, reserved: Set<String> = []
  ) throws(ModelError) -> Result {
    guard let bodies = plan.bodies, !bodies.isEmpty else { return result }
    var result = result
    let names = reserved.union(result.model.graph.names)
    let outlines = outlines
    for body in bodies {
      guard
        let outline = outlines.first(where: {
          $0.attribute == body.attribute && facts.graph.firstOutput($0.node) == body.output
        })
      else {
        throw ModelError(
          .request,
          "plan: expected a node that makes '\(body.output)' and has a body '\(body.attribute)', found none"
        )
      }
      let quantizer = try Quantizer(
        outline.model, options, smoothing: body.plan.smoothing ?? Smoothing())
      let own = try quantizer.applyBodies(
        of: body.plan, to: try quantizer.write(body.plan), reserved: names)
      try result.take(own, of: outline, in: facts, reserved: reserved)
    }
    result.model.graph.dropUnusedValues()
    return result
  }

  /// The bodies of nodes that nobody excluded.
  private var outlines: [BodyOutline] {
    BodyOutline.all(facts, in: model, excluding: options.exclude)
  }
}

extension Quantizer.Result {
  /// Takes over what became of a body.
  fileprivate mutating func take(
    _ own: Quantizer.Result, of outline: BodyOutline, in facts: TypedGraph, reserved: Set<String>
  ) throws(ModelError) {
    try outline.replace(by: own.model, in: &model, reserved: reserved)
    entries += own.entries
    plan.bodies =
      (plan.bodies ?? []) + [
        .init(
          node: facts.graph.label(outline.node),
          output: facts.graph.firstOutput(outline.node) ?? "", attribute: outline.attribute,
          plan: own.plan)
      ]
  }

  /// Says why a body stays in float, where the node is listed.
  fileprivate mutating func say(_ reason: String, of outline: BodyOutline, in facts: TypedGraph) {
    let output = facts.graph.firstOutput(outline.node) ?? ""
    guard let place = entries.firstIndex(where: { $0.output == output }) else { return }
    let old = entries[place]
    entries[place] = .init(
      node: old.node, op: old.op, reason: "its \(outline.attribute) stays in float: \(reason)",
      name: old.name, output: old.output)
  }
}
