public import Execution
public import IR
internal import Kernels
internal import Operators
public import Samples

/// Divides layers into two with fewer channels between them: low-rank factorisation.
///
/// With C the covariance of what a layer makes, y = W·x + b, on calibration data and U its first r
/// eigenvectors, U·Uᵀ·(y - ȳ) + ȳ is the best that r channels can say of y (C. Eckart and G. Young,
/// 1936; X. Zhang and others, "Accelerating Very Deep Convolutional Networks", 2015). So the first layer
/// gets the weight Uᵀ·W and the second U with the bias ȳ - U·Uᵀ·(ȳ - b): the truncated singular value
/// decomposition of W whitened by what it sees, without that being made.
public struct Factorizer: Sendable {
  /// The model, its constants in initializers.
  public let model: Model
  private let options: FactorOptions
  private let sites: [FactorSite]
  private let labels: [NodeID: String]
  private let left: [FactorReport.Left]
  /// Multiply-accumulates of the model for one sample.
  let macs: Int

  /// What came of it.
  public struct Result: Sendable {
    /// The model with its layers divided.
    public var model: Model
    /// What became of each layer.
    public var report: FactorReport
  }

  /// Prepares a model and finds its layers.
  ///
  /// - Throws: `ModelError` when a number of `options` is out of range or the model is invalid.
  public init(_ model: Model, _ options: FactorOptions) throws(ModelError) {
    try options.check()
    let prepared = try Pruner.prepared(model)
    let facts = try inferTypes(prepared)
    var sites: [FactorSite] = []
    var left: [FactorReport.Left] = []
    var labels: [NodeID: String] = [:]
    let globs = options.keep.map { Glob($0) }
    for id in facts.graph.nodeIDs {
      guard let found = FactorSite.find(id, facts) else { continue }
      labels[id] = facts.graph.label(id)
      let names = facts.graph.names(of: id)
      switch found {
      case .success where names.contains(where: { name in globs.contains { $0.matches(name) } }):
        left.append(.init(node: facts.graph.label(id), reason: "it was asked to stay"))
      case .success(let site): sites.append(site)
      case .failure(let obstacle):
        left.append(.init(node: facts.graph.label(id), reason: obstacle.reason))
      }
    }
    self.model = prepared
    self.options = options
    self.sites = sites
    self.left = left
    self.labels = labels
    macs = CutCost.cost(of: facts).macs
  }

  /// How many steps the eigenvectors of all layers take, about.
  var work: Double {
    sites.reduce(0) { $0 + 8 * Double($1.outputs) * Double($1.outputs) * Double($1.outputs) }
  }

  /// Whether eigenvectors of all layers take no minutes.
  public var isQuick: Bool { work <= ShrinkStage.mostWork }

  /// Positions of each layer's result that are looked at.
  private static let rows = 16_384

  /// Runs the model on samples, chooses ranks and divides layers.
  ///
  /// - Parameter progress: called after every batch.
  /// - Throws: `ModelError` where the model cannot run on the samples, or where even rank 1 everywhere
  ///   leaves more than was asked for.
  public func factor(
    on samples: SampleRun, options run: SessionOptions,
    progress: @escaping (WorkProgress) -> Void = { _ in }
  ) throws(ModelError) -> Result {
    let observer = GramObserver(
      sites.map(\.point), rows: Self.rows, batches: samples.batches, by: run.columnProduct)
    try samples.observe(try Session(model, options: run), by: [observer], progress: progress)
    var spectra: [NodeID: LayerSpectrum] = [:]
    for site in sites {
      spectra[site.node] = observer.sums[site.node]?.first.flatMap { LayerSpectrum(site, $0) }
    }
    let known = sites.filter { spectra[$0.node] != nil }
    let ranks = try chosen(known, spectra)
    var result = model
    var layers: [FactorReport.Layer] = []
    for site in known {
      let rank = ranks[site.node]
      guard let spectrum = spectra[site.node] else { continue }
      if let rank { divide(site, rank, spectrum, &result.graph) }
      layers.append(
        .init(
          node: labels[site.node] ?? "", outputs: site.outputs, rank: rank,
          macsBefore: Int(site.macs(nil).rounded()), macs: Int(site.macs(rank).rounded()),
          lost: rank.map { spectrum.lost($0) } ?? 0))
    }
    result.graph.dropUnusedValues()
    let unseen = sites.filter { spectra[$0.node] == nil }.map {
      FactorReport.Left(node: labels[$0.node] ?? "", reason: "nothing finite was seen of it")
    }
    return Result(model: result, report: FactorReport(layers: layers, left: left + unseen))
  }

  /// The rank of each layer that is divided.
  private func chosen(
    _ sites: [FactorSite], _ spectra: [NodeID: LayerSpectrum]
  ) throws(ModelError) -> [NodeID: Int] {
    switch options.target {
    case .ratio(let ratio): return chosen(sites) { _ in ratio }
    case .layers(let ratios):
      return chosen(sites) { site in labels[site.node].flatMap { ratios[$0] } ?? 0 }
    case .macs(let fraction): return try chosen(sites, spectra, budget: Double(macs) * fraction)
    case .total(let count): return try chosen(sites, spectra, budget: Double(count))
    }
  }

  /// The largest ranks by which layers lose fractions of their multiply-accumulates.
  private func chosen(
    _ sites: [FactorSite], _ ratio: (FactorSite) -> Double
  ) -> [NodeID: Int] {
    var ranks: [NodeID: Int] = [:]
    for site in sites {
      let ratio = ratio(site)
      guard ratio > 0 else { continue }
      let kept = site.macs(nil) * (1 - ratio)
      ranks[site.node] = site.ranks.last { site.macs($0) <= kept } ?? site.ranks.first
    }
    return ranks
  }

  /// What layers lose by ranks: for each layer, by its label, the part of its results' variance that goes
  /// with each of some fractions of its multiply-accumulates.
  ///
  /// - Throws: `ModelError` where the model cannot run on the samples.
  public func losses(
    _ fractions: [Double], on samples: SampleRun, options run: SessionOptions
  ) throws(ModelError) -> [String: [Double]] {
    let observer = GramObserver(
      sites.map(\.point), rows: Self.rows, batches: samples.batches, by: run.columnProduct)
    try samples.observe(try Session(model, options: run), by: [observer])
    var found: [String: [Double]] = [:]
    for site in sites {
      guard let label = labels[site.node],
        let spectrum = observer.sums[site.node]?.first.flatMap({ LayerSpectrum(site, $0) })
      else { continue }
      found[label] = fractions.map { fraction in
        let kept = site.macs(nil) * (1 - fraction)
        return site.ranks.last { site.macs($0) <= kept }.map { spectrum.lost($0) } ?? 1
      }
    }
    return found
  }

  /// The ranks that lose least within a number of multiply-accumulates.
  private func chosen(
    _ sites: [FactorSite], _ spectra: [NodeID: LayerSpectrum], budget: Double
  ) throws(ModelError) -> [NodeID: Int] {
    let others = Double(macs) - sites.reduce(0) { $0 + $1.macs(nil) }
    let choices = sites.map { site -> [Int?] in [nil] + Self.steps(site.ranks) }
    let groups = zip(sites, choices).map { site, ranks in
      ranks.map { rank in
        MultipleChoice.Option(
          error: rank.flatMap { spectra[site.node]?.lost($0) } ?? 0, cost: site.macs(rank))
      }
    }
    guard let solution = MultipleChoice(groups).solve(budget: budget - others) else {
      let least = zip(sites, choices).reduce(others) { sum, entry in
        sum + (entry.1.map { entry.0.macs($0) }.min() ?? 0)
      }
      throw ModelError(
        .request,
        "macs: expected a number that ranks can reach, at least \(Int(least.rounded(.up))) of \(macs) multiply-accumulates, found \(Int(budget))"
      )
    }
    var ranks: [NodeID: Int] = [:]
    for (site, (choices, place)) in zip(sites, zip(choices, solution)) {
      ranks[site.node] = choices[place]
    }
    return ranks
  }

  /// Up to 64 ranks, evenly spread.
  private static func steps(_ ranks: Range<Int>) -> [Int] {
    let count = min(64, ranks.count)
    return (0..<count).map { ranks.lowerBound + ($0 + 1) * ranks.count / count - 1 }
  }

  private func divide(
    _ site: FactorSite, _ rank: Int, _ spectrum: LayerSpectrum, _ graph: inout Graph
  ) {
    let node = graph[site.node], form = site.form
    guard let weightID = node.inputs[form.weight], let weights = graph.constant(weightID)?.floats,
      let output = node.outputs[0], let axis = form.weightOutput
    else { return }
    var dimensions = site.dimensions
    dimensions[axis] = rank
    guard let layout = WeightLayout(form, dimensions: dimensions) else { return }
    let first = spectrum.first(weights, site.layout, rank, layout)
    let name = graph[weightID].name
    let biasID = form.bias.flatMap { node.inputs[safe: $0.slot] ?? nil }
    let bias = form.bias.map { _ in
      spectrum.bias(biasID.flatMap { graph.constant($0)?.floats }, rank)
    }
    let isProduct = form.kind == .product
    let shape =
      isProduct
      ? [rank, site.outputs]
      : [site.outputs, rank] + [Int](repeating: 1, count: dimensions.count - 2)
    let second = graph.addInitializer(
      "\(name)_second", Tensor(floats: spectrum.second(rank, turned: isProduct), shape))
    let newBias = bias.map { graph.addInitializer("\(name)_bias", Tensor(floats: $0, [$0.count])) }
    let hidden = graph.addFreshValue("\(graph[output].name)_factor")
    let made = graph.addInitializer("\(name)_first", Tensor(floats: first, dimensions))
    graph.setInput(site.node, slot: form.weight, to: made)
    if let slot = form.bias?.slot, biasID != nil {
      if isProduct {
        // Before operator set 11 a product has to have an addend.
        let none = [Float](repeating: 0, count: rank)
        let zeros = graph.addInitializer("\(name)_none", Tensor(floats: none, [rank]))
        graph.setInput(site.node, slot: slot, to: zeros)
      } else {
        graph.setInput(site.node, slot: slot, to: nil)
        graph.truncateInputs(site.node, to: slot)
      }
    }
    graph.setOutput(site.node, slot: 0, to: hidden)
    graph.add(
      FactorNodes.second(form, of: node, hidden, weight: second, bias: newBias, into: output),
      after: site.node)
  }
}

extension FactorOptions {
  /// Refuses numbers out of range.
  fileprivate func check() throws(ModelError) {
    let (name, fraction): (String, Double) =
      switch target {
      case .ratio(let ratio): ("ratio", ratio)
      case .macs(let macs): ("macs", macs)
      case .total: ("macs", 1)
      case .layers(let ratios): ("ratio", ratios.values.max() ?? 0)
      }
    guard (0...1).contains(fraction) else {
      throw ModelError(.request, "\(name): expected a number from 0 to 1, found \(fraction)")
    }
  }
}
