internal import Execution
internal import IR
internal import Kernels
internal import Operators
internal import Samples

/// Scores of channels by what the layers that read them lose when they go and the rest adapts.
///
/// What a layer loses is taken relative to its results' variance, and added up over all that read a channel.
struct RemovalScores: Sendable {
  /// By slot: channels hang together in other ways where a node turns out not to shrink.
  private let costs: [Double?]
  /// The mean of all scores.
  let mean: Double
  /// The keys of groups of which nothing is known.
  let unknown: [String]

  /// - Parameter analysis: of the model, scored by anything: how many channels of each run go where this
  ///   does not depend on scores.
  init(
    _ analysis: PruningAnalysis, _ model: Model, on samples: SampleRun,
    _ options: SessionOptions, progress: (WorkProgress) -> Void
  ) throws(ModelError) {
    let coupling = analysis.coupling
    let activations = coupling.activationReadings()
    let layers = activations.compactMap { LayerReading($0, coupling, windows: true) }
      .filter { $0.atoms.count <= LayerReading.most }
    let products = ProductReading.all(activations, coupling)
    let nodes = Set(layers.map(\.node) + products.map(\.node))
    let others = coupling.consumers.filter { !nodes.contains($0.node) } + coupling.statistics
    let opaque = Set(others.flatMap(\.slots).map { coupling.atom($0) })
    let read = Set(layers.flatMap(\.atoms) + products.flatMap(\.atoms))
    let removed = analysis.options.competition == .local ? analysis.select() : nil
    var runs: [RemovalOrder.Run] = []
    var unknown: [String] = []
    for (group, key) in zip(analysis.groups.groups, analysis.keys) {
      let free = group.runs.map { run in
        run.filter { group.frozen[$0] == nil }.map { group.atoms[$0] }
      }
      guard free.contains(where: { !$0.isEmpty }) else { continue }
      let atoms = free.joined()
      guard atoms.contains(where: read.contains), !atoms.contains(where: opaque.contains) else {
        unknown.append(key)
        continue
      }
      runs += free.map { run in
        .init(atoms: run, goal: removed.map { removed in run.count { removed.contains($0) } })
      }
    }
    self.unknown = unknown
    let free = Set(runs.flatMap(\.atoms))
    let own = layers.filter { $0.atoms.contains(where: free.contains) }
    let multiplied = products.filter { $0.atoms.contains(where: free.contains) }
    let views = try ReaderViews(
      own, multiplied, in: model, on: samples, options, progress: progress)
    var order = RemovalOrder(
      runs, Self.readers(own, views, free) + Self.readers(multiplied, views))
    let costs = order.costs()
    self.costs = (0..<coupling.space.count).map { costs[coupling.atom($0)] }
    let sum = costs.sorted { $0.key < $1.key }.reduce(0) { $0 + $1.value }
    mean = sum > 0 ? sum / Double(costs.count) : 1
  }

  /// The score of an atom; nil where nothing that is known reads its group.
  subscript(atom: Int) -> Double? { costs[atom] }

  /// Layers that read the same lose together.
  private static func readers(
    _ layers: [LayerReading], _ views: ReaderViews, _ free: Set<Int>
  ) -> [RemovalOrder.Reader] {
    var places: [LayerReading.Place] = []
    var together: [LayerReading.Place: [LayerReading]] = [:]
    for layer in layers {
      if together[layer.place] == nil { places.append(layer.place) }
      together[layer.place, default: []].append(layer)
    }
    return places.compactMap { place in
      guard let first = together[place]?.first, let seen = views[first],
        let precision = seen.inverse
      else { return nil }
      var weights = [Double](repeating: 0, count: seen.count * seen.count)
      for layer in together[place] ?? [] {
        let squares = layer.squares
        let signal = zip(squares, seen.covariance).reduce(0) { $0 + $1.0 * $1.1 }
        guard signal > 0, signal.isFinite else { continue }
        for i in weights.indices { weights[i] += squares[i] / signal }
      }
      // What stays in any case stays.
      let own = first.atoms.indices.filter { free.contains(first.atoms[$0]) }
      func part(_ matrix: [Double]) -> [Double] {
        own.flatMap { i in own.map { matrix[i * seen.count + $0] } }
      }
      return RemovalTableau(precision: part(precision), weights: part(weights), size: own.count)
        .map { .layer(own.map { first.atoms[$0] }, $0) }
    }
  }

  /// Products of activations, which nothing adapts to: Σ a_i·b_i loses E[a_i·a_j]·E[b_i·b_j] where both
  /// are independent. What is added to a row of scores alike changes nothing behind a softmax, so that
  /// only the keys' deviations count.
  private static func readers(
    _ products: [ProductReading], _ views: ReaderViews
  ) -> [RemovalOrder.Reader] {
    products.compactMap { product in
      guard let (left, right) = views[product] else { return nil }
      let both = zip(left.moments, right.covariance).map { $0 * $1 }
      let signal = both.reduce(0, +)
      guard signal > 0, signal.isFinite else { return nil }
      return AddendLoss(products: both.map { $0 / signal }, size: product.atoms.count)
        .map { .sum(product.atoms, $0) }
    }
  }
}
