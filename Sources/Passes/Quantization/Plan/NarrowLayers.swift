public import IR
internal import Operators

extension Quantizer {
  /// A layer whose weight takes fewer bits than the target has.
  public struct NarrowLayer: Sendable {
    /// The name of its first output.
    public let output: String
    /// Elements of its weight.
    public let elements: Int
    fileprivate let node: NodeID
    fileprivate let weight: QuantizationScheme.WeightedNode
  }

  /// The layers whose weights `QuantizationOptions.weightBits` narrows, in the order of the graph.
  public var narrowLayers: [NarrowLayer] {
    let graph = facts.graph
    return graph.nodeIDs.compactMap { id in
      guard case .weighted(let own)? = scheme.decisions[id],
        own.grid.peak <= WeightGrid.packedPeak,
        let weight = graph[id].inputs[own.weight], let tensor = graph.constant(weight),
        let output = graph[id].outputs.first ?? nil
      else { return nil }
      return NarrowLayer(
        output: graph[output].name, elements: tensor.count, node: id, weight: own)
    }
  }

  /// The simplified model in floats, where one layer's weight has the values that its integers stand
  /// for, each rounded to the nearest.
  public func rounding(_ layer: NarrowLayer) -> Model {
    var model = model
    let own = layer.weight
    guard let id = model.graph[layer.node].inputs[own.weight],
      let tensor = model.graph.constant(id), let values = tensor.floats
    else { return model }
    let rounded = QuantizedWeight(
      values, tensor.dimensions, axis: own.axis, grid: own.grid, contraction: own.contraction)
    let constant = model.graph.addInitializer(
      model.graph[id].name,
      Tensor(floats: rounded.numbers(tensor.dimensions, axis: own.axis), tensor.dimensions))
    model.graph.setInput(layer.node, slot: own.weight, to: constant)
    return model
  }
}
