internal import Execution
internal import IR
internal import Kernels
internal import Operators
internal import Samples

/// What calibration data makes of weights and biases: integers that are chosen together, and biases
/// that make up for what rounding shifts.
struct Reconstruction {
  /// The integers of weights, by node.
  private(set) var weights: [NodeID: QuantizedWeight] = [:]
  /// The biases, by node.
  private(set) var biases: [NodeID: [Float]] = [:]

  /// A node whose weight is rounded.
  private struct Site {
    let id: NodeID
    let form: LinearForm
    let layout: WeightLayout
    let own: ResolvedPlan.Weighted
    let shape: [Int]
    let values: [Float]
    let biases: [Float]?
  }

  /// Runs the float model once and rounds all weights of a plan.
  init(
    _ facts: TypedGraph, _ model: Model, _ plan: ResolvedPlan, _ options: QuantizationOptions,
    on samples: SampleRun, _ session: SessionOptions, progress: (WorkProgress) -> Void
  ) throws(ModelError) {
    let sites = plan.weighted.sorted { $0.key < $1.key }.compactMap {
      Self.site($0.key, $0.value, facts)
    }
    let points = sites.map { site in
      GramPoint(
        node: site.id, value: facts.graph[site.id].inputs[site.own.activation]!, form: site.form,
        weight: site.shape,
        squares: options.rounding == .gptq && site.layout.length <= SequentialRounding.longest)
    }
    guard !points.isEmpty else { return }
    let observer = GramObserver(
      points, rows: GramObserver.usualRows, batches: samples.batches, by: session.columnProduct)
    try samples.observe(try Session(model, options: session), by: [observer], progress: progress)
    for site in sites {
      guard let sums = observer.sums[site.id] else { continue }
      reconstruct(site, sums, plan, facts.graph, options)
    }
  }

  private static func site(
    _ id: NodeID, _ own: ResolvedPlan.Weighted, _ facts: TypedGraph
  ) -> Site? {
    let node = facts.graph[id]
    guard let op = facts.op(id), let form = op.linear(facts.inputs(id)), form.isPlain,
      form.kind == .product || form.kind == .convolution, form.alpha == 1,
      !form.transposesActivation, let weight = node.inputs[own.weight],
      let tensor = facts.graph.constant(weight), let values = tensor.floats,
      let layout = WeightLayout(form, dimensions: tensor.dimensions),
      values.count == layout.outputs * layout.length, values.allSatisfy(\.isFinite)
    else { return nil }
    var biases: [Float]?
    if let bias = form.bias, bias.factor == 1 {
      guard let value = node.inputs[safe: bias.slot] ?? nil else {
        biases = [Float](repeating: 0, count: layout.outputs)
        return Site(
          id: id, form: form, layout: layout, own: own, shape: tensor.dimensions, values: values,
          biases: biases)
      }
      let given = facts.graph.constant(value)?.floats
      biases = given?.count == layout.outputs ? given : nil
    }
    return Site(
      id: id, form: form, layout: layout, own: own, shape: tensor.dimensions, values: values,
      biases: biases)
  }

  private mutating func reconstruct(
    _ site: Site, _ sums: [GramSums], _ plan: ResolvedPlan, _ graph: Graph,
    _ options: QuantizationOptions
  ) {
    guard sums.count == site.layout.groups, sums[0].length == site.layout.length else { return }
    let scale = graph[site.id].inputs[site.own.activation].flatMap { plan.parameters[$0] }
    var quantized = QuantizedWeight(
      site.values, site.shape, axis: site.own.axis, grid: site.own.grid,
      contraction: site.own.contraction,
      leastScale: site.own.leastScales(site.shape, site.values, site.biases, scale))
    if options.rounding == .gptq, let better = rounded(site, sums, quantized) {
      quantized = better
      weights[site.id] = better
    }
    guard options.correctsBias, let biases = site.biases else { return }
    let numbers = quantized.numbers(site.shape, axis: site.own.axis)
    let share = site.layout.outputs / site.layout.groups
    self.biases[site.id] = (0..<site.layout.outputs).map { output in
      let group = sums[output / max(1, share)]
      guard group.count > 0 else { return biases[output] }
      var shift = 0.0
      for column in 0..<site.layout.length {
        let place = site.layout.place(output: output, column: column)
        shift += Double(site.values[place] - numbers[place]) * group.sums[column] / group.count
      }
      let corrected = Float(Double(biases[output]) + shift)
      return corrected.isFinite ? corrected : biases[output]
    }
  }

  /// Weights rounded row by row.
  private func rounded(
    _ site: Site, _ sums: [GramSums], _ nearest: QuantizedWeight
  ) -> QuantizedWeight? {
    let layout = site.layout, grid = site.own.grid
    let rows = WeightRows(site.shape, axis: site.own.axis, contraction: site.own.contraction)
    var scales = nearest.scales
    var values = nearest.values
    let share = max(1, layout.outputs / layout.groups)
    let limits = SequentialRounding.Limits(
      ranges: Array(repeating: -grid.peak...grid.peak, count: layout.length),
      pairPeak: grid.pairPeak, partners: layout.partners)
    for (group, gram) in sums.enumerated() {
      guard let rounding = SequentialRounding(gram) else { continue }
      let outputs = group * share..<(group + 1) * share
      var found = [[Int16]](repeating: [], count: outputs.count)
      let jobs = outputs.map { output -> (row: [Float], places: [Int], channel: Int) in
        let places = (0..<layout.length).map { layout.place(output: output, column: $0) }
        return (places.map { site.values[$0] }, places, rows.channel(places[0]))
      }
      if grid.peak < 64, site.own.axis != nil {
        for job in jobs {
          scales[job.channel] = rounding.bestScale(
            job.row, largest: scales[job.channel], peak: grid.peak, from: 0.4)
        }
      }
      let chosen = scales
      found.withUnsafeMutableBufferPointer { found in
        parallel(jobs.count, grain: 1) { range in
          for index in range {
            let scale = chosen[jobs[index].channel]
            found[index] = rounding.round(
              jobs[index].row, scales: Array(repeating: scale, count: layout.length), limits)
          }
        }
      }
      for (job, codes) in zip(jobs, found) {
        for (place, code) in zip(job.places, codes) { values[place] = Int8(code) }
      }
    }
    return QuantizedWeight(values: values, scales: scales)
  }
}

extension WeightLayout {
  /// The neighbours of each column along the contraction, which runs over kernel positions and, within
  /// one, over channels, in pairs. An odd number of channels is padded by some kernels and not by
  /// others, so that neighbours on both sides count.
  fileprivate var partners: [[Int]] {
    (0..<length).map { column in
      let place = column % taps * inputs + column / taps
      let others = inputs % 2 == 0 || taps == 1 ? [place ^ 1] : [place - 1, place + 1]
      return others.filter { (0..<length).contains($0) }.map { $0 % inputs * taps + $0 / inputs }
    }
  }
}
