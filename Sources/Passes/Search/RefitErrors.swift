public import Execution
public import IR
internal import Kernels
internal import Operators
public import Samples

/// What the layers that read a group's channels lose when channels go and their weights are solved for
/// anew: from one run of the model, for every number of channels at once (`RemovalErrors`).
///
/// A loss is a layer's: the part of its results' variance. How much of it reaches the model's outputs is
/// not known here.
public struct RefitErrors: Sendable {
  /// What the readers of a group lose together, by the number of channels that go, from 0 on.
  public struct Curve: Sendable {
    /// With weights that make up for it.
    public let refitted: [Double]
    /// With weights as they are.
    public let masked: [Double]
    /// The labels of the readers.
    public let readers: [String]
  }

  /// By the keys of groups. A group that something reads that is no plain linear layer has none.
  public let curves: [String: Curve]

  /// More channels than these take minutes.
  private static let most = 3000
  /// What is added to the diagonal of a covariance, of its mean: as much as recovery adds.
  private static let ridge = 1e-2

  init(
    _ analysis: PruningAnalysis, _ model: Model, on samples: SampleRun, _ options: SessionOptions
  ) throws(ModelError) {
    let readers = Reader.all(analysis)
    let points = Dictionary(grouping: readers.flatMap { $0.readings }, by: \.place)
    let observer = GramObserver(
      points.values.map { $0[0].point }, rows: GramObserver.usualRows, batches: samples.batches)
    try samples.observe(try Session(model, options: options), by: [observer])
    var seen: [Reading.Place: LayerView] = [:]
    for (place, readings) in points {
      seen[place] = observer.sums[readings[0].point.node]?.first.flatMap {
        LayerView($0, ridge: Self.ridge)
      }
    }
    var curves: [String: Curve] = [:]
    for reader in readers {
      var whole: Curve?
      for reading in reader.readings {
        guard let view = seen[reading.place],
          let own = view.curve(reading, reader.ranks)
        else {
          whole = nil
          break
        }
        whole = whole.map { $0 + own } ?? own
      }
      if let whole { curves[reader.key] = whole }
    }
    self.curves = curves
  }

  /// A group and what reads its channels.
  private struct Reader {
    let key: String
    /// For each channel how many go before it does, by atom.
    let ranks: [Int: Int]
    let readings: [Reading]

    static func all(_ analysis: PruningAnalysis) -> [Reader] {
      let coupling = analysis.coupling
      let readings = coupling.activationReadings().compactMap { Reading($0, coupling) }
      // What reads channels without a weight for each pair, or takes their statistics, is not known.
      let known = Set(readings.map(\.node))
      let others = coupling.consumers.filter { !known.contains($0.node) } + coupling.statistics
      let opaque = Set(others.flatMap(\.slots).map { coupling.atom($0) })
      var found: [Reader] = []
      for (group, key) in zip(analysis.groups.groups, analysis.keys)
      where group.frozen.contains(nil) && group.runs.count == 1 {
        let ranks = analysis.ranks(of: group)
        guard !ranks.keys.contains(where: opaque.contains) else { continue }
        let own = readings.filter { reading in
          reading.atoms.contains { ranks[$0] != nil }
        }
        guard !own.isEmpty, own.allSatisfy({ $0.atoms.count <= most }) else { continue }
        found.append(Reader(key: key, ranks: ranks, readings: own))
      }
      return found
    }
  }

  /// A layer that reads channels.
  fileprivate struct Reading {
    struct Place: Hashable {
      let value: ValueID
      let axis: Int
    }

    let place: Place
    let node: NodeID
    let label: String
    /// Which channel each position along the axis is.
    let atoms: [Int]
    /// The weight, a row for each output and position of the kernel.
    let rows: [Double]

    /// Nil where the layer has no weight of its own for each pair of channels.
    init?(_ reading: ActivationReading, _ coupling: Coupling) {
      let facts = coupling.facts
      guard let id = reading.node, let op = facts.op(id),
        let form = op.linear(facts.inputs(id)),
        form.isPlain, form.kind != .scaling, form.kind != .transposedConvolution,
        form.groups == 1,
        let value = facts.graph[id].inputs[safe: form.activation] ?? nil,
        value == reading.value,
        let weightID = facts.graph[id].inputs[safe: form.weight] ?? nil,
        let weight = facts.graph.constant(weightID), let floats = weight.floats,
        let layout = WeightLayout(form, dimensions: weight.dimensions),
        layout.inputs == reading.slots.count
      else { return nil }
      place = Place(value: reading.value, axis: reading.axis)
      node = id
      label = facts.graph.label(id)
      atoms = reading.slots.map { coupling.atom($0) }
      var rows: [Double] = []
      rows.reserveCapacity(floats.count)
      for output in 0..<layout.outputs {
        for tap in 0..<layout.taps {
          for input in 0..<layout.inputs {
            let place = layout.place(output: output, column: input * layout.taps + tap)
            rows.append(Double(floats[place]))
          }
        }
      }
      self.rows = rows
    }

    /// The value's channels, a row a position.
    var point: GramPoint {
      let view = LinearForm(
        .product, activation: 0, weight: 1, output: 0, input: 1, along: place.axis,
        to: place.axis)
      return GramPoint(
        node: node, value: place.value, form: view, weight: [atoms.count, atoms.count],
        squares: true)
    }
  }

  /// What was seen of a value's channels.
  private final class LayerView {
    let count: Int
    let covariance: [Double]
    let moments: [Double]
    /// The inverse of the covariance, once it was needed.
    private lazy var inverse = Self.inverted(covariance, count)

    init?(_ sums: GramSums, ridge: Double) {
      let n = sums.length
      guard sums.count > 0, n > 0 else { return nil }
      count = n
      let mean = sums.sums.map { $0 / sums.count }
      var covariance = sums.products.map { $0 / sums.count }
      moments = covariance
      for i in 0..<n { for j in 0..<n { covariance[i * n + j] -= mean[i] * mean[j] } }
      let trace = (0..<n).reduce(0) { $0 + covariance[$1 * n + $1] }
      guard trace > 0, trace.isFinite else { return nil }
      for i in 0..<n { covariance[i * n + i] += ridge * trace / Double(n) }
      self.covariance = covariance
    }

    /// The loss of a layer by channels that go.
    func curve(_ reading: Reading, _ ranks: [Int: Int]) -> Curve? {
      guard reading.atoms.count == count else { return nil }
      let own = (0..<count).filter { ranks[reading.atoms[$0]] != nil }
      let n = own.count
      let weights = Self.square(reading.rows, width: count)
      let signal = zip(weights, covariance).reduce(0) { $0 + $1.0 * $1.1 }
      guard signal > 0, signal.isFinite, let given = conditional(own) else { return nil }
      func part(_ matrix: [Double]) -> [Double] {
        own.flatMap { i in own.map { j in matrix[i * count + j] } }
      }
      let rank = own.map { ranks[reading.atoms[$0]] ?? 0 }
      let order = (0..<n).sorted { (-rank[$0], $0) < (-rank[$1], $1) }
      guard
        let errors = RemovalErrors(
          covariance: given, moments: part(moments), weights: part(weights), order: order)
      else { return nil }
      // A channel may be several positions, which go together.
      var refitted = [0.0], masked = [0.0]
      for gone in 1..<(ranks.count + 1) {
        let kept = n - rank.count { $0 < gone }
        refitted.append(errors.refitted[kept] / signal)
        masked.append(errors.masked[kept] / signal)
      }
      return Curve(refitted: refitted, masked: masked, readers: [reading.label])
    }

    /// The covariance of some channels given all others: the inverse of their part of the inverse.
    private func conditional(_ own: [Int]) -> [Double]? {
      guard own.count < count else { return covariance }
      guard let inverse else { return nil }
      return Self.inverted(own.flatMap { i in own.map { inverse[i * count + $0] } }, own.count)
    }

    private static func inverted(_ matrix: [Double], _ n: Int) -> [Double]? {
      guard let factor = Cholesky(matrix, size: n) else { return nil }
      var sides = [Double](repeating: 0, count: n * n)
      for i in 0..<n { sides[i * n + i] = 1 }
      factor.solve(&sides)
      return sides
    }

    /// Σ w·wᵀ over rows.
    private static func square(_ rows: [Double], width: Int) -> [Double] {
      var result = [Double](repeating: 0, count: width * width)
      var shape = MatrixProductShape(m: width, n: width, k: rows.count / width)
      shape.transposedA = true
      rows.withUnsafeBytes { rows in
        let source = Source(.double, [shape.k, width], rows)
        result.withUnsafeMutableBytes { result in
          _ = matrixProduct(
            shape, source, source, into: Target(.double, [width, width], result))
        }
      }
      return result
    }
  }
}

extension RefitErrors.Curve {
  /// What two layers lose together.
  fileprivate static func + (a: Self, b: Self) -> Self {
    Self(
      refitted: zip(a.refitted, b.refitted).map { $0 + $1 },
      masked: zip(a.masked, b.masked).map { $0 + $1 }, readers: a.readers + b.readers)
  }
}

extension Pruner {
  /// What readers of each group lose when channels go and their weights are solved for anew.
  ///
  /// - Throws: `ModelError` with code `unsupported` for a model that Lapidary cannot run.
  public func refitErrors(
    on samples: SampleRun, options: SessionOptions
  ) throws(ModelError) -> RefitErrors {
    try RefitErrors(try analysis(), model, on: samples, options)
  }
}
