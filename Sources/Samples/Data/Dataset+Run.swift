public import Execution
public import IR

extension Dataset {
  /// Runs a session on all samples, batch by batch, with the outputs joined along their first axis.
  ///
  /// - Parameters:
  ///   - batch: how many samples to run at a time where the graph takes any number; nil for all.
  ///   - keepsApart: whether tensors of several batches that cannot be joined are a sequence.
  ///   - progress: called before each batch.
  /// - Throws: `ModelError` when outputs of several batches cannot be joined.
  public func run(
    on session: Session, batch: Int? = nil, keepsApart: Bool = false,
    progress: (WorkProgress) -> Void = { _ in }
  ) throws(ModelError) -> [String: Datum] {
    var parts: [String: [Datum]] = [:]
    for range in batches(of: batch ?? count) {
      progress(WorkProgress(done: range.lowerBound, of: count))
      let samples = try inputs(range).mapValues { Datum.tensor($0) }
      for (name, value) in try session.run(values: samples) {
        parts[name, default: []].append(value)
      }
    }
    var results: [String: Datum] = [:]
    for (name, values) in parts {
      if values.count == 1 {
        results[name] = values[0]
        continue
      }
      let tensors = values.compactMap(\.tensor)
      let whole = tensors.count == values.count ? Tensor(concatenating: tensors) : nil
      if whole == nil, keepsApart, let first = tensors.first, tensors.count == values.count {
        results[name] = .sequence(
          values, of: .tensor(TensorType(first.elementType, nil as Shape?)))
        continue
      }
      guard let whole else {
        throw ModelError(
          .request,
          "output '\(name)': expected tensors that join along their first axis, found others",
          hint: "run one batch at a time")
      }
      results[name] = .tensor(whole)
    }
    return results
  }
}
