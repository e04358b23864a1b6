public import Execution
public import IR
internal import Operators
internal import Passes
internal import Reports
public import Samples

/// How far values inside two models lie apart on the same samples, along the graph.
///
/// The models run one after the other on a group of samples, and again for each share of the values, so
/// that memory does not grow with the number of samples nor with the depth of the graph, and holds the
/// prepared weights of one model at a time.
public struct NumericDiff: Sendable {
  /// One value that both models compute.
  public struct Row: Sendable {
    /// The node that makes it in the first model.
    public let label: String
    /// The value in the first model.
    public let name: String
    /// The value in the second.
    public let other: String
    /// The figures; nil where the values have other shapes.
    public let comparison: Samples.Comparison?
    /// The two types where they differ.
    public let mismatch: String?
  }

  /// The values, in the first model's order.
  public let rows: [Row]
  /// The number of samples.
  public let samples: Int
  /// The largest difference, relative to a value's largest magnitude, that is no divergence.
  public let tolerance: Double

  /// The first value that diverges.
  public var first: Row? {
    rows.first { $0.comparison.map { !($0.maxRelative <= tolerance) } ?? false }
  }

  /// Runs both models.
  ///
  /// - Parameters:
  ///   - data: samples for the first model.
  ///   - limit: samples to run at most.
  public init(
    _ a: Model, _ b: Model, on data: Dataset, options: SessionOptions,
    tolerance: Double = 1e-4, limit: Int = 16
  ) throws(ModelError) {
    try self.init(
      a, b, on: data, options: options, tolerance: tolerance, limit: limit, most: 1 << 26)
  }

  /// Runs both models.
  ///
  /// - Parameter most: elements of values that are held at a time, where one value has no more.
  package init(
    _ a: Model, _ b: Model, on data: Dataset, options: SessionOptions, tolerance: Double,
    limit: Int, most: Int
  ) throws(ModelError) {
    self.tolerance = tolerance
    let pairs = Self.pairs(a, b)
    let names = try InputNames(a, b)
    let run = SampleRun(data, for: a, batch: 1, limit: limit)
    samples = run.count
    var sums = PairSums(pairs)
    var sides = [NumericSide(a, options), NumericSide(b, options)]
    var order = [0, 1]
    for share in Self.shares(pairs, a, of: most) {
      let size = max(1, most / max(1, share.elements))
      for start in stride(from: 0, to: run.batches, by: size) {
        let batches = start..<min(start + size, run.batches)
        // One model after the other, so that the weights of one alone are prepared for running; the one
        // that ran last goes on.
        var held: [[ValueID: Tensor]] = []
        try sides[order[0]].run(
          batches, of: run, names, Set(share.pairs.map { pairs[$0].value(order[0]) })
        ) { batch, value, view in
          if held.count <= batch - start { held.append([:]) }
          held[batch - start][value] = view.copied
        }
        sides[order[0]].release()
        let wanted = Dictionary(grouping: share.pairs) { pairs[$0].value(order[1]) }
        try sides[order[1]].run(batches, of: run, names, Set(wanted.keys)) {
          batch, value, view throws(ModelError) in
          for index in wanted[value] ?? [] {
            guard let other = held[safe: batch - start]?[pairs[index].value(order[0])] else {
              continue
            }
            try sums.add(index, order[0] == 0 ? (other, view.copied) : (view.copied, other))
          }
        }
        order.reverse()
      }
    }
    rows = pairs.indices.map { index in
      Row(
        label: pairs[index].label, name: a.graph[pairs[index].a].name,
        other: b.graph[pairs[index].b].name,
        comparison: sums.mismatches[index] == nil ? sums.sums[index].comparison : nil,
        mismatch: sums.mismatches[index])
    }.filter { $0.mismatch != nil || $0.comparison.map { $0.count > 0 } ?? false }
  }

  /// Values that both models compute.
  private static func pairs(_ a: Model, _ b: Model) -> [MatchedValue] {
    let views = ModelDiff.views(a, b)
    return matchedValues(views.0.model, views.1.model).filter {
      a.graph[$0.a].producer != nil && b.graph[$0.b].producer != nil
    }
  }

  /// Pairs in shares of values that fit into memory together, for one sample.
  private static func shares(
    _ pairs: [MatchedValue], _ model: Model, of most: Int
  ) -> [(pairs: [Int], elements: Int)] {
    let facts = try? inferTypes(model)
    var shares: [(pairs: [Int], elements: Int)] = [([], 0)]
    for (index, pair) in pairs.enumerated() {
      let shape = facts?.operand(pair.a).type.shape
      let count = shape.flatMap { Tensor.count($0.dimensions.map { $0.value ?? 1 }) } ?? 1 << 20
      let last = shares[shares.count - 1]
      if last.elements + count > most, !last.pairs.isEmpty { shares.append(([], 0)) }
      shares[shares.count - 1].pairs.append(index)
      shares[shares.count - 1].elements += count
    }
    return shares
  }
}
