public import Execution
public import IR
internal import Operators
public import Samples

extension Quantizer {
  /// The values of products with weights whose channels differ so much that dividing them may pay:
  /// those that come out of an operator in float, so that one more product costs no integer kernel.
  private var smoothable: [ValueID] {
    var seen = Set<ValueID>()
    return facts.graph.nodeIDs.compactMap { id -> ValueID? in
      guard case .weighted(let own) = scheme.decisions[id],
        let value = facts.graph[id].inputs[safe: own.activation] ?? nil,
        seen.insert(value).inserted, let producer = facts.graph[value].producer,
        case .float = scheme.decisions[producer],
        facts.graph[value].tensorType?.shape?.rank ?? 0 >= 2
      else { return nil }
      let readers = Smoothing.readers(of: value, facts)
      guard !readers.isEmpty,
        readers.allSatisfy({ reader in
          if case .weighted = scheme.decisions[reader.node] { true } else { false }
        })
      else { return nil }
      return value
    }
  }

  /// The same quantizer for a model in which channels of very different reach are evened out.
  ///
  /// - Parameter progress: called after each batch.
  public func smoothed(
    on samples: SampleRun, options session: SessionOptions,
    progress: (WorkProgress) -> Void = { _ in }
  ) throws(ModelError) -> Quantizer {
    let candidates = smoothable
    guard !candidates.isEmpty, samples.count > 0 else { return self }
    let spread = ChannelSpread(Set(candidates))
    try samples.observe(
      try Session(computable, options: session), by: [spread], progress: progress)
    var smoothing = Smoothing()
    for value in candidates {
      guard let peaks = spread.peaks[value] else { continue }
      let readers = Smoothing.readers(of: value, facts)
        .filter { $0.tensor.dimensions[$0.inner] == peaks.count }
      guard !readers.isEmpty else { continue }
      let choice = SmoothingChoice(
        peaks: peaks, squares: spread.squares(value), readers, options.effectiveTarget)
      if let factors = choice.factors {
        smoothing.values.append(.init(value: facts.graph[value].name, factors: factors))
      }
    }
    guard !smoothing.values.isEmpty else { return self }
    return try Quantizer(source, options, smoothing: smoothing)
  }
}
