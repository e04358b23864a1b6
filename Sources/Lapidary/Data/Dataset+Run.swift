public import Executor
public import IR

extension Dataset {
  /// Runs a session on all samples: at once where the graph's batch is open, else batch by batch
  /// with the outputs joined along their first axis.
  ///
  /// - Throws: `ModelError` when outputs of several batches cannot be joined.
  public func run(on session: Session) throws(ModelError) -> [String: Tensor] {
    var parts: [String: [Tensor]] = [:]
    for range in batches(of: count) {
      for (name, tensor) in try session.run(try inputs(range)) {
        parts[name, default: []].append(tensor)
      }
    }
    var results: [String: Tensor] = [:]
    for (name, tensors) in parts {
      guard let whole = Tensor(concatenating: tensors) else {
        throw ModelError(
          .request,
          "output '\(name)': expected tensors that join along their first axis, found others",
          hint: "run one batch at a time")
      }
      results[name] = whole
    }
    return results
  }
}
