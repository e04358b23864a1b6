internal import Execution
internal import IR
internal import Operators
internal import Samples

/// On what the bodies of a graph's nodes were run: samples for models that are made of them. Of many
/// runs some are kept, spread evenly and the same each time.
final class BodyRuns: BodyWitness {
  /// The most runs of a body that are kept.
  private static let most = 64
  /// The most bytes of a body's runs that are kept.
  private static let mostBytes = 256 << 20

  /// Which body.
  private struct Key: Hashable {
    let node: NodeID
    let body: Int
  }

  /// What is kept of one body.
  private struct Kept {
    var runs: [[String: Tensor]] = []
    var bytes = 0
    var seen = 0
    var step = 1
    /// Whether a run took something else than tensors.
    var hasOthers = false

    mutating func add(_ values: [String: Datum]) {
      defer { seen += 1 }
      guard seen % step == 0 else { return }
      var tensors: [String: Tensor] = [:]
      for (name, value) in values {
        guard let tensor = value.tensor else {
          hasOthers = true
          continue
        }
        tensors[name] = tensor
      }
      runs.append(tensors)
      bytes += BodyRuns.bytes(tensors)
      while runs.count > 1, runs.count > BodyRuns.most || bytes > BodyRuns.mostBytes {
        runs = stride(from: 0, to: runs.count, by: 2).map { runs[$0] }
        bytes = runs.reduce(0) { $0 + BodyRuns.bytes($1) }
        step *= 2
      }
    }
  }

  private static func bytes(_ tensors: [String: Tensor]) -> Int {
    tensors.values.reduce(0) { $0 + $1.byteCount }
  }

  private let wanted: [Key: Set<String>]
  private var kept: [Key: Kept] = [:]

  /// Runs a model and keeps what its bodies are run on.
  ///
  /// - Parameter outlines: the bodies whose runs are wanted.
  init(
    _ outlines: [BodyOutline], _ facts: TypedGraph, _ model: Model, on samples: SampleRun,
    _ options: SessionOptions
  ) throws(ModelError) {
    wanted = Dictionary(
      outlines.map { outline in
        let graph = outline.model.graph
        return (
          Key(node: outline.node, body: outline.body),
          Set(graph.inputs.map { graph[$0.value].name })
        )
      }, uniquingKeysWith: { first, _ in first })
    let session = try Session(model, options: options)
    let outputs = Set(outlines.map(\.node)).sorted().compactMap(facts.graph.firstOutput)
    // One at a time: which branch is taken may hang on the sample.
    try samples.separate.forEach { inputs, _ throws(ModelError) in
      try session.run(inputs, outputs: outputs, witnessedBy: self)
    }
  }

  func witness(_ node: NodeID, body: Int, _ values: [String: Datum]) {
    let key = Key(node: node, body: body)
    guard let names = wanted[key] else { return }
    kept[key, default: Kept()].add(values.filter { names.contains($0.key) })
  }

  /// The runs of a body as samples of which each is run by itself; nil where there were none, or where
  /// something else than tensors came in.
  func samples(of outline: BodyOutline) -> SampleRun? {
    guard let own = kept[Key(node: outline.node, body: outline.body)], !own.hasOthers else {
      return nil
    }
    return SampleRun(samples: own.runs)
  }
}

extension Graph {
  /// The name of the first output that a node has.
  func firstOutput(_ id: NodeID) -> String? {
    self[id].outputs.lazy.compactMap { $0 }.first.map { self[$0].name }
  }
}
