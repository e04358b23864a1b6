public import IR
internal import Operators

/// Shapes of inputs to try a model on. Lengths that its weights or other inputs determine follow from
/// these, by the relations that inference finds (`LengthRelations`), and one name has one length
/// wherever it stands. What is left free is 1 along first axes, the batch, unless the graph was made
/// for another batch; other free lengths are equal, and as small as the network takes; failing that,
/// one of them is longer than the rest, as in a network whose state has an axis of its own.
///
/// A sequence of candidates, each with a shape for every required input, in order: those with which
/// every node's rules hold as far as inference can tell, smallest first. Where there is none, those
/// that were looked at. Never empty. Each is found when it is asked for.
public struct SampleShapes: Sequence, IteratorProtocol {
  /// Lengths from which to look for ones that free axes can have: strides and kernels ask for images
  /// of some size.
  private static let lengths = [1, 32, 64, 224, 512]
  /// Models with more open lengths than this get equal ones only.
  private static let mostSingled = 8

  private let model: Model
  /// The shapes of the required inputs, with a name for every open length.
  private let declared: [Shape]
  /// The model without declared shapes but those, which may hold for other lengths.
  private let bare: Model
  private var untried: [[[Int]]] = []
  private var fallback: [[[Int]]] = []

  /// Candidates for a model.
  ///
  /// - Parameter batch: the length of free first axes.
  /// - Throws: `ModelError` with code `unsupported` for inputs that are no tensors of known rank.
  public init(for model: Model, batch: Int = 1) throws(ModelError) {
    self.model = model
    (declared, bare) = try Self.named(model)
    let first = Set(declared.flatMap { $0.dimensions.first?.expression?.symbols ?? [] })
    var names: [String] = []
    for name in declared.flatMap({ $0.dimensions }).flatMap({
      $0.expression?.symbols.sorted() ?? []
    })
    where !names.contains(name) { names.append(name) }
    let solved = names.isEmpty ? LengthSolver([], over: []) : solve(names)

    let open = names.filter { !first.contains($0) }
    let batches = names.filter(first.contains)
    let lengths = open.isEmpty ? [1] : Self.lengths
    let written = open.isEmpty ? [] : Self.writtenLengths(model)
    for isGuessed in [false, true] {
      for length in isGuessed ? written : lengths {
        add(solved, batches, batch, open, length)
      }
      guard !isGuessed, (2...Self.mostSingled).contains(open.count) else { continue }
      for length in lengths.dropFirst() {
        for single in open {
          var lengths = solved
          lengths.choose(batches, from: batch)
          lengths.choose(open.filter { $0 != single }, from: 1)
          lengths.choose([single], from: length)
          add(lengths)
        }
      }
      fallback = untried
    }
    if fallback.isEmpty { fallback = untried }
    // A batch that the other lengths ask for.
    for length in lengths where !batches.isEmpty {
      var lengths = solved
      lengths.choose(open, from: length)
      lengths.choose(batches, from: batch)
      add(lengths)
    }
    untried.reverse()
  }

  /// Adds what equal free lengths come to, where weights tell more first.
  private mutating func add(
    _ solved: LengthSolver, _ batches: [String], _ batch: Int, _ open: [String], _ length: Int
  ) {
    var lengths = solved
    lengths.choose(batches, from: batch)
    var wider = lengths
    wider.widen(except: Set(batches))
    for var lengths in [wider, lengths] {
      lengths.choose(open, from: length)
      add(lengths)
    }
  }

  private mutating func add(_ solver: LengthSolver) {
    let shapes = declared.map { shape in
      shape.dimensions.map { dimension in
        Swift.max(0, dimension.expression?.evaluated(solver.lengths) ?? 1)
      }
    }
    if !untried.contains(shapes) { untried.append(shapes) }
  }

  /// The lengths that follow from the graph: numbers found make more of it known, so that more follow.
  private func solve(_ names: [String]) -> LengthSolver {
    var solver = LengthSolver([], over: [])
    while true {
      let relations = LengthRelations()
      _ = try? inferTypes(bare, binding: solver.lengths, relations: relations)
      let next = LengthSolver(relations.all, over: Set(names), lengths: solver.lengths)
      guard next.lengths.count > solver.lengths.count else { return next }
      solver = next
    }
  }

  /// The shapes of required inputs with names for unnamed lengths, and the model with them and no
  /// other declared shapes.
  private static func named(_ model: Model) throws(ModelError) -> ([Shape], Model) {
    var bare = model
    bare.graph.valueInfos = []
    for index in model.graph.outputs.indices { bare.graph.setOutputType(index, nil) }
    var shapes: [Shape] = []
    for (index, info) in model.graph.inputs.enumerated()
    where model.graph[info.value].initializer == nil {
      let name = model.graph[info.value].name
      guard let type = info.type?.tensor, var shape = type.shape else {
        throw ModelError(
          .unsupported,
          "input '\(name)': expected a tensor of known rank, found \(info.type.map { "\($0)" } ?? "no type")"
        )
      }
      for axis in shape.dimensions.indices where shape[axis] == .unknown {
        shape[axis] = Dimension(symbol: "\(name)#\(axis)")
      }
      shapes.append(shape)
      bare.graph.setInputType(index, .tensor(TensorType(type.elementType, shape)))
    }
    return (shapes, bare)
  }

  /// Lengths that stand in short lists of integers, as the targets of reshapes do: the smallest few.
  private static func writtenLengths(_ model: Model) -> [Int] {
    var written: Set<Int> = []
    let graph = model.graph
    let attributes = graph.nodeIDs.lazy.flatMap { graph[$0].attributes }.compactMap {
      if case .tensor(let tensor) = $0.value { tensor } else { nil }
    }
    for tensor in graph.initializers.compactMap({ graph[$0].initializer }) + attributes
    where tensor.elementType == .int64 && tensor.count <= 8 {
      written.formUnion(tensor.integers?.filter { (2...4096).contains($0) } ?? [])
    }
    return Array(written.subtracting(lengths).sorted().prefix(16))
  }

  /// The next candidate; nil when there is no other.
  public mutating func next() -> [[Int]]? {
    while let shapes = untried.popLast() {
      if fits(shapes) {
        fallback = []
        return shapes
      }
    }
    return fallback.isEmpty ? nil : fallback.removeFirst()
  }

  /// The first candidate.
  ///
  /// - Throws: `ModelError` as `init(for:)` does.
  public static func first(for model: Model, batch: Int = 1) throws(ModelError) -> [[Int]] {
    var candidates = try Self(for: model, batch: batch)
    return candidates.next() ?? []
  }

  private func fits(_ shapes: [[Int]]) -> Bool {
    var sample = bare
    var next = shapes.makeIterator()
    for (index, info) in model.graph.inputs.enumerated()
    where model.graph[info.value].initializer == nil {
      guard let shape = next.next(), let type = info.type?.tensor else { continue }
      sample.graph.setInputType(index, .tensor(TensorType(type.elementType, shape)))
    }
    return (try? inferTypes(sample)) != nil
  }
}
