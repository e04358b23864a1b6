internal import IR
internal import Operators

/// Factors that move what is hard to round from activations to the weights they meet: the channels of
/// a value are divided by them and the weights' rows multiplied (G. Xiao and others, "SmoothQuant",
/// 2023). The model computes the same as before.
public struct Smoothing: Codable, Hashable, Sendable {
  /// The values that are divided, in the order of the graph.
  public internal(set) var values: [Value] = []

  /// One value.
  public struct Value: Codable, Hashable, Sendable {
    /// Its name.
    public let value: String
    /// What each channel is divided by.
    public let factors: [Float]
  }

  /// No factors.
  public init() {}

  /// A product of a value with a constant weight.
  struct Reader {
    let node: NodeID
    let activation: Int
    let weight: Int
    /// The axes of the weight that is summed over, and of its outputs.
    let inner: Int
    let outer: Int
    let tensor: Tensor
  }

  /// The products that read a value as their activation, its channels along its last axis.
  static func readers(of value: ValueID, _ facts: TypedGraph) -> [Reader] {
    facts.graph[value].uses.compactMap { use -> Reader? in
      guard let id = use.node, let op = facts.op(id),
        let form = op.linear(facts.inputs(id)), form.isPlain, form.kind == .product,
        form.alpha == 1, form.groups == 1, form.stackAxes == 0, !form.transposesActivation,
        let inner = form.weightInput, let outer = form.weightOutput,
        facts.graph[id].inputs[safe: form.activation] == value,
        let weight = facts.graph[id].inputs[safe: form.weight] ?? nil,
        let tensor = facts.graph.constant(weight), tensor.elementType == .float,
        tensor.dimensions.count == 2, let rank = facts.graph[value].tensorType?.shape?.rank,
        form.activationAxis == -1 || form.activationAxis == rank - 1
      else { return nil }
      return Reader(
        node: id, activation: form.activation, weight: form.weight, inner: inner, outer: outer,
        tensor: tensor)
    }
  }

  /// Writes the factors into a model.
  ///
  /// - Throws: `ModelError` when the model has no such values.
  func apply(to model: inout Model) throws(ModelError) {
    guard !values.isEmpty else { return }
    let facts = try inferTypes(model)
    for entry in values {
      guard let value = facts.graph.value(named: entry.value),
        entry.factors.allSatisfy({ $0.isFinite && $0 > 0 })
      else {
        throw ModelError(
          .request,
          "smoothing: expected a value '\(entry.value)' and factors above 0, found another model")
      }
      let readers = Self.readers(of: value, facts)
        .filter { $0.tensor.dimensions[$0.inner] == entry.factors.count }
      guard !readers.isEmpty else {
        throw ModelError(
          .request,
          "smoothing: expected products of '\(entry.value)' with weights of \(entry.factors.count) rows, found none"
        )
      }
      write(entry, value, readers, &model.graph)
    }
    try model.graph.sortTopologically()
    model.graph.dropUnusedValues()
  }

  private func write(
    _ entry: Value, _ value: ValueID, _ readers: [Reader], _ graph: inout Graph
  ) {
    let inverse = graph.addInitializer(
      "\(entry.value)_smoothing",
      Tensor(floats: entry.factors.map { 1 / $0 }, [entry.factors.count]))
    let smooth = graph.addFreshValue("\(entry.value)_smooth", type: graph[value].type)
    graph.add(
      SurgeryNodes.multiply(value, inverse, into: smooth, name: "\(graph[smooth].name)_mul"))
    var written: [ValueID: ValueID] = [:]
    for reader in readers {
      graph.setInput(reader.node, slot: reader.activation, to: smooth)
      guard let weight = graph[reader.node].inputs[reader.weight],
        let values = reader.tensor.floats
      else { continue }
      let scaled =
        written[weight]
        ?? graph.addInitializer(
          "\(graph[weight].name)_smooth",
          Tensor(floats: self.scaled(values, reader, entry.factors), reader.tensor.dimensions))
      written[weight] = scaled
      graph.setInput(reader.node, slot: reader.weight, to: scaled)
    }
  }

  private func scaled(_ weight: [Float], _ reader: Reader, _ factors: [Float]) -> [Float] {
    let columns = reader.tensor.dimensions[1]
    return weight.indices.map {
      weight[$0] * factors[reader.inner == 0 ? $0 / max(1, columns) : $0 % max(1, columns)]
    }
  }
}
