public import IR
internal import Operators

/// Shapes of inputs to try a model on: open lengths of the first axis are 1, the batch; other open
/// lengths are equal, and as small as the network takes; failing that, one of them is longer than
/// the rest, as in a network whose state has an axis of its own for the batch.
///
/// A sequence of candidates, each with a shape for every required input, in order: those with which
/// every node's rules hold as far as inference can tell, smallest first. Where there is none, those
/// that were looked at. Never empty. Each is found when it is asked for.
public struct SampleShapes: Sequence, IteratorProtocol {
  /// Lengths to try for open axes: strides and kernels ask for images of some size.
  private static let lengths = [1, 32, 64, 224, 512]
  /// Models with more open lengths than this get equal ones only.
  private static let mostSingled = 8

  /// An open length: a name, or the place of one without a name.
  private enum Open: Hashable {
    case symbol(String)
    case place(input: Int, axis: Int)
  }

  private let model: Model
  private let declared: [Shape]
  private let batch: Set<String>
  private var untried: [[[Int]]]
  private var fallback: [[[Int]]]

  /// Candidates for a model.
  ///
  /// - Throws: `ModelError` with code `unsupported` for inputs that are no tensors of known rank.
  public init(for model: Model) throws(ModelError) {
    let graph = model.graph
    var declared: [Shape] = []
    for info in graph.requiredInputs {
      guard let shape = info.type?.tensor?.shape else {
        throw ModelError(
          .unsupported,
          "input '\(graph[info.value].name)': expected a tensor of known rank, found \(info.type.map { "\($0)" } ?? "no type")"
        )
      }
      declared.append(shape)
    }
    self.model = model
    self.declared = declared
    batch = Set(declared.flatMap { $0.dimensions.first?.expression?.symbols ?? [] })
    (untried, fallback) = ([], [])

    let open = openLengths()
    let lengths = open.isEmpty ? [1] : Self.lengths
    untried = lengths.map { length in shapes { _ in length } }
    if (2...Self.mostSingled).contains(open.count) {
      untried += lengths.dropFirst().flatMap { length in
        open.map { single in shapes { $0 == single ? length : 1 } }
      }
    }
    fallback = untried
    if !open.isEmpty {
      // Exporters declare axes open whose length they wrote into the graph.
      untried += Self.writtenLengths(model).map { length in shapes { _ in length } }
    }
    untried.reverse()
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
  public static func first(for model: Model) throws(ModelError) -> [[Int]] {
    var candidates = try Self(for: model)
    return candidates.next() ?? []
  }

  /// What the open lengths of axes after the first are, each once, in order.
  private func openLengths() -> [Open] {
    var seen: Set<Open> = []
    var result: [Open] = []
    for (input, shape) in declared.enumerated() {
      for (axis, dimension) in shape.dimensions.enumerated().dropFirst() {
        let names = dimension.expression.map { $0.symbols.filter { !batch.contains($0) }.sorted() }
        let open = names.map { $0.map { Open.symbol($0) } } ?? [.place(input: input, axis: axis)]
        result += open.filter { seen.insert($0).inserted }
      }
    }
    return result
  }

  private func shapes(_ length: (Open) -> Int) -> [[Int]] {
    declared.enumerated().map { input, shape in
      shape.dimensions.enumerated().map { axis, dimension in
        guard let expression = dimension.expression else {
          return axis == 0 ? 1 : length(.place(input: input, axis: axis))
        }
        let bindings = expression.symbols.map { name in
          (name, axis == 0 || batch.contains(name) ? 1 : length(.symbol(name)))
        }
        return Swift.max(0, expression.evaluated(Dictionary(uniqueKeysWithValues: bindings)) ?? 1)
      }
    }
  }

  private func fits(_ shapes: [[Int]]) -> Bool {
    var sample = model
    // Declared types of intermediates may hold for other lengths.
    sample.graph.valueInfos = []
    var next = shapes.makeIterator()
    for (index, info) in model.graph.inputs.enumerated()
    where model.graph[info.value].initializer == nil {
      guard let shape = next.next(), let type = info.type?.tensor else { continue }
      sample.graph.setInputType(index, .tensor(TensorType(type.elementType, shape)))
    }
    return (try? inferTypes(sample)) != nil
  }
}
