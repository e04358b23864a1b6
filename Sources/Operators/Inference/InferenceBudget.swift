internal import IR
private import Synchronization

/// What the graphs of one inference share: how much work it may do, since bodies inside bodies are
/// looked at several times each, so that a small file could ask for more than anybody can wait for;
/// names for open lengths; and what declared shapes count for.
final class InferenceBudget: Sendable {
  private static let nodes = 20_000_000
  private static let depth = 64

  /// Names for open lengths, which no two graphs of the model share by chance.
  let names = LengthNames()

  let declared: DeclaredShapes

  private let state = Mutex((nodes: 0, depth: 0))
  private let notes = Mutex<[String]>([])
  /// The names of lengths that callers choose: those of the main graph's inputs.
  private let inputNames = Mutex<Set<String>>([])

  /// Collects what must hold between lengths; nil where nobody asks.
  let relations: LengthRelations?

  init(declared: DeclaredShapes = .advisory, relations: LengthRelations? = nil) {
    self.declared = declared
    self.relations = relations
  }

  /// Declared shapes that contradict inferred ones, each once.
  var contradictions: [String] { notes.withLock { $0 } }

  /// Keeps a contradiction, which bodies may meet several times.
  func note(_ contradiction: String) {
    notes.withLock { if !$0.contains(contradiction) { $0.append(contradiction) } }
  }

  /// Takes the names of lengths from the inputs of the main graph.
  func reserveInputNames(of graph: Graph) {
    let dimensions = graph.inputs.flatMap { graph[$0.value].tensorType?.shape?.dimensions ?? [] }
    inputNames.withLock { $0 = Set(dimensions.flatMap { $0.expression?.symbols ?? [] }) }
  }

  /// Whether a declared shape says of a length that follows from the inputs' lengths what is not
  /// true for all of these, such as the 1 of an exporter's sample for a batch that is free.
  func isStale(_ declared: ValueType, against inferred: ValueType) -> Bool {
    guard let found = inferred.tensor?.shape, let claim = declared.tensor?.shape,
      found.rank == claim.rank
    else { return false }
    let names = inputNames.withLock { $0 }
    return zip(found.dimensions, claim.dimensions).contains { found, claim in
      guard found != claim, let found = found.expression, let claim = claim.expression,
        found.symbols.isSubset(of: names), claim.symbols.isSubset(of: names)
      else { return false }
      return found.differs(from: claim)
    }
  }

  /// Runs `body` one level deeper, for a graph with some nodes.
  func spending<T>(
    _ nodes: Int, _ label: String, _ body: () throws(ModelError) -> T
  ) throws(ModelError) -> T {
    let (isWithin, depth) = state.withLock { state in
      state.nodes += nodes + 1
      state.depth += 1
      return (state.nodes <= Self.nodes && state.depth <= Self.depth, state.depth)
    }
    defer { state.withLock { $0.depth = depth - 1 } }
    guard isWithin else {
      throw ModelError(
        .limit,
        "\(label): expected at most \(Self.depth) levels of graphs and \(Self.nodes) nodes with"
          + " bodies expanded, found more")
    }
    return try body()
  }
}
