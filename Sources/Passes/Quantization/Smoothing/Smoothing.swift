internal import IR
internal import Operators

/// Factors that move what is hard to round from activations to the weights they meet: the channels of
/// a value are divided by them and the weights' rows multiplied (G. Xiao and others, "SmoothQuant",
/// 2023). The model computes the same as before, where clamps that were far from all values stay so.
public struct Smoothing: Codable, Hashable, Sendable {
  /// The values that are divided, in the order of the graph.
  public internal(set) var values: [Value] = []

  /// One value.
  public struct Value: Codable, Hashable, Sendable {
    /// Its name.
    public let value: String
    /// What each channel is divided by.
    public let factors: [Float]
    /// The layer that makes the value and whose weights are divided in its stead; nil where the
    /// value is divided by a product of its own.
    public let layer: String?
  }

  /// No factors.
  public init() {}

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
        .filter { $0.channels == entry.factors.count }
      guard let first = readers.first else {
        throw ModelError(
          .request,
          "smoothing: expected layers that read '\(entry.value)' with weights for \(entry.factors.count) channels, found none"
        )
      }
      if let layer = entry.layer {
        let source = Self.source(
          of: value, axis: first.axis, channels: entry.factors.count, facts)
        guard let source, facts.graph[value].uses.count == readers.count else {
          throw ModelError(
            .request,
            "smoothing: expected \(layer) to make '\(entry.value)' for layers alone, found another model"
          )
        }
        divide(source, entry.factors, &model.graph)
      } else {
        let rank = facts.graph[value].tensorType?.shape?.rank ?? 0
        try divide(value, of: rank, entry, readers, &model.graph)
      }
      multiply(readers, entry.factors, &model.graph)
    }
    try model.graph.sortTopologically()
    model.graph.dropUnusedValues()
  }

  /// Divides the channels that a layer makes.
  private func divide(_ source: Source, _ factors: [Float], _ graph: inout Graph) {
    scale(source.layer, source.form.weight, &graph) { place in
      1 / factors[source.layout.channels(at: place).output]
    }
    if source.bias != nil, let bias = source.form.bias {
      scale(source.layer, bias.slot, &graph) { 1 / factors[$0] }
    }
  }

  /// Divides a value for its readers.
  private func divide(
    _ value: ValueID, of rank: Int, _ entry: Value, _ readers: [Reader], _ graph: inout Graph
  ) throws(ModelError) {
    guard readers.allSatisfy({ $0.axis == rank - 1 }) else {
      throw ModelError(
        .request,
        "smoothing: expected products of '\(entry.value)' over its last axis, found other layers")
    }
    let inverse = graph.addInitializer(
      "\(entry.value)_smoothing",
      Tensor(floats: entry.factors.map { 1 / $0 }, [entry.factors.count]))
    let smooth = graph.addFreshValue("\(entry.value)_smooth", type: graph[value].type)
    graph.add(
      SurgeryNodes.multiply(value, inverse, into: smooth, name: "\(graph[smooth].name)_mul"))
    for reader in readers {
      graph.setInput(reader.node, slot: reader.form.activation, to: smooth)
    }
  }

  private func multiply(_ readers: [Reader], _ factors: [Float], _ graph: inout Graph) {
    var written: [ValueID: ValueID] = [:]
    for reader in readers {
      guard let weight = graph[reader.node].inputs[reader.form.weight] else { continue }
      if let known = written[weight] {
        graph.setInput(reader.node, slot: reader.form.weight, to: known)
      } else {
        written[weight] = scale(reader.node, reader.form.weight, &graph) {
          factors[reader.layout.channels(at: $0).input]
        }
      }
    }
  }

  /// Gives a node a constant of its own, each element times a factor.
  @discardableResult
  private func scale(
    _ node: NodeID, _ slot: Int, _ graph: inout Graph, by factor: (_ place: Int) -> Float
  ) -> ValueID? {
    guard let value = graph[node].inputs[slot], let tensor = graph.constant(value),
      var elements = tensor.floats
    else { return nil }
    for place in elements.indices { elements[place] *= factor(place) }
    let scaled = graph.addInitializer(
      "\(graph[value].name)_smooth", Tensor(floats: elements, tensor.dimensions))
    graph.setInput(node, slot: slot, to: scaled)
    return scaled
  }
}
