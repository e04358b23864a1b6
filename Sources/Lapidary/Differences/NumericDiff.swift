public import Execution
public import IR
internal import Operators
internal import Passes
internal import Reports
public import Samples

/// How far values inside two models lie apart on the same samples, along the graph.
///
/// Both models run on one group of samples at a time, and again for each share of the values, so that
/// memory does not grow with the number of samples nor with the depth of the graph.
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

  /// Elements of values that are held at a time, for one sample.
  private static let share = 1 << 26

  /// Runs both models.
  ///
  /// - Parameters:
  ///   - data: samples for the first model.
  ///   - limit: samples to run at most.
  public init(
    _ a: Model, _ b: Model, on data: Dataset, options: SessionOptions,
    tolerance: Double = 1e-4, limit: Int = 16
  ) throws(ModelError) {
    self.tolerance = tolerance
    let views = ModelDiff.views(a, b)
    let pairs = matchedValues(views.0.model, views.1.model).filter {
      a.graph[$0.a].producer != nil && b.graph[$0.b].producer != nil
    }
    let sessions = (try Session(a, options: options), try Session(b, options: options))
    let names = (
      a.graph.requiredInputs.map { a.graph[$0.value].name },
      b.graph.requiredInputs.map { b.graph[$0.value].name }
    )
    guard names.0.count == names.1.count else {
      throw ModelError(
        .request,
        "numeric comparison: expected as many inputs, found \(names.0.count) and \(names.1.count)")
    }
    let run = SampleRun(data, for: a, batch: 1, limit: limit)
    samples = run.count
    var sums = [ComparisonSums](repeating: ComparisonSums(), count: pairs.count)
    var mismatches = [String?](repeating: nil, count: pairs.count)
    for share in Self.shares(pairs, a) {
      try run.forEach { inputs, _ throws(ModelError) in
        var first: [String: Tensor] = [:], renamed: [String: Tensor] = [:]
        for (x, y) in zip(names.0, names.1) {
          first[x] = inputs[x] ?? inputs[y]
          let name = names.1.contains(x) ? x : y
          renamed[name] = inputs[name] ?? inputs[x]
        }
        var held: [ValueID: Tensor] = [:]
        _ = try sessions.0.run(first, outputs: [], observing: Set(share.map { pairs[$0].a })) {
          value, view throws(ModelError) in held[value] = view.copied
        }
        let wanted = Dictionary(grouping: share) { pairs[$0].b }
        _ = try sessions.1.run(renamed, outputs: [], observing: Set(wanted.keys)) {
          value, view throws(ModelError) in
          for index in wanted[value] ?? [] {
            guard let whole = held[pairs[index].a] else { continue }
            let reference = whole.keeping(pairs[index].channels)
            let found = view.copied
            if reference.type == found.type {
              try sums[index].add(reference: reference, candidate: found)
            } else {
              mismatches[index] = "\(reference.type) and \(found.type)"
            }
          }
        }
      }
    }
    rows = pairs.indices.map { index in
      Row(
        label: pairs[index].label, name: a.graph[pairs[index].a].name,
        other: b.graph[pairs[index].b].name,
        comparison: mismatches[index] == nil ? sums[index].comparison : nil,
        mismatch: mismatches[index])
    }.filter { $0.mismatch != nil || $0.comparison.map { $0.count > 0 } ?? false }
  }

  /// Pairs in shares of values that fit into memory together.
  private static func shares(_ pairs: [MatchedValue], _ model: Model) -> [[Int]] {
    let facts = try? inferTypes(model)
    var shares: [[Int]] = [[]]
    var sum = 0
    for (index, pair) in pairs.enumerated() {
      let shape = facts?.operand(pair.a).type.shape
      let count = shape.flatMap { Tensor.count($0.dimensions.map { $0.value ?? 1 }) } ?? 1 << 20
      if sum + count > share, !(shares.last?.isEmpty ?? true) {
        shares.append([])
        sum = 0
      }
      shares[shares.count - 1].append(index)
      sum += count
    }
    return shares
  }
}

extension Tensor {
  /// The elements that the other value has too, in its order, for channels that were removed or
  /// reordered.
  fileprivate func keeping(_ channels: [Int: ChannelMap]) -> Tensor {
    guard !channels.isEmpty,
      channels.allSatisfy({ $0 < dimensions.count && $1.length == dimensions[$0] })
    else { return self }
    return sliced(dimensions.indices.map { axis in channels[axis].map { [$0.places] } })
  }
}

extension TensorView {
  /// The elements in memory of their own.
  fileprivate var copied: Tensor {
    Tensor(
      elementType, shape,
      Storage(count: bytes.count) { target in target.copyMemory(from: bytes) })
  }
}
