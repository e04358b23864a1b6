public import Execution
public import IR
internal import Operators
public import Samples

extension Quantizer {
  /// A value whose channels can be divided, for layers that are quantized alone.
  private struct Smoothable {
    let value: ValueID
    let readers: [Smoothing.Reader]
    let source: Smoothing.Source?
  }

  /// The values that layers with weights read whose channels may differ so much that dividing them
  /// pays: those that the layer which makes them can be divided for, and those that come out of an
  /// operator in float, so that one more product costs no integer kernel.
  private var smoothable: [Smoothable] {
    var seen = Set<ValueID>()
    return facts.graph.nodeIDs.compactMap { id -> Smoothable? in
      guard case .weighted(let own) = scheme.decisions[id],
        let value = facts.graph[id].inputs[safe: own.activation] ?? nil,
        seen.insert(value).inserted, let producer = facts.graph[value].producer,
        let rank = facts.graph[value].tensorType?.shape?.rank, rank >= 2
      else { return nil }
      let readers = Smoothing.readers(of: value, facts)
      guard let first = readers.first, readers.allSatisfy({ isWeighted($0.node) }) else {
        return nil
      }
      if readers.count == facts.graph[value].uses.count,
        let source = Smoothing.source(
          of: value, axis: first.axis, channels: first.channels, facts)
      {
        return Smoothable(value: value, readers: readers, source: source)
      }
      guard case .float = scheme.decisions[producer], first.axis == rank - 1 else { return nil }
      return Smoothable(value: value, readers: readers, source: nil)
    }
  }

  private func isWeighted(_ id: NodeID) -> Bool {
    if case .weighted = scheme.decisions[id] { true } else { false }
  }

  /// So many samples tell channels apart; factors do not change what a model computes.
  private static let sampleLimit = 16

  /// The same quantizer for a model in which channels of very different reach are evened out.
  ///
  /// - Parameter progress: called after each batch.
  public func smoothed(
    on samples: SampleRun, options session: SessionOptions,
    progress: (WorkProgress) -> Void = { _ in }
  ) throws(ModelError) -> Quantizer {
    let candidates = smoothable
    guard !candidates.isEmpty, samples.count > 0 else { return self }
    let axes = candidates.map { ($0.value, $0.readers[0].axis) }
    let spread = ChannelSpread(Dictionary(axes, uniquingKeysWith: { first, _ in first }))
    let part = samples.every(
      max(1, samples.batches * samples.size / Self.sampleLimit), from: 0)
    try part.observe(
      try Session(computable, options: session), by: [spread], progress: progress)
    var smoothing = Smoothing()
    for candidate in candidates {
      guard let seen = spread.seen[candidate.value],
        seen.peaks.count == candidate.readers[0].channels
      else { continue }
      let choice = SmoothingChoice(
        seen, candidate.readers, candidate.source, options.effectiveTarget)
      if let factors = choice.factors {
        smoothing.values.append(
          .init(
            value: facts.graph[candidate.value].name, factors: factors,
            layer: candidate.source.map { facts.graph.label($0.layer) }))
      }
    }
    guard !smoothing.values.isEmpty else { return self }
    return try Quantizer(source, options, smoothing: smoothing)
  }
}
