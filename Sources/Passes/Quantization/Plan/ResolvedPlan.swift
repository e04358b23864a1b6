internal import IR
internal import Operators

/// A plan with its names looked up in the graph that it is about: what writers act on.
struct ResolvedPlan {
  /// A weight that is stored in integers.
  struct Weighted {
    let activation: Int
    let weight: Int
    let axis: Int?
    let bias: Int?
    let contraction: [Int]
    let grid: WeightGrid
    /// In place of the model's bias.
    let biases: [Float]?
  }

  /// Nodes with weights, by node.
  private(set) var weighted: [NodeID: Weighted] = [:]
  /// Nodes that compute with integers, those with weights included.
  private(set) var integer: Set<NodeID> = []
  /// Values that are quantized.
  private(set) var parameters: [ValueID: ActivationParameters] = [:]

  /// Looks everything up. Plans may come from anywhere: what does not fit the graph is refused.
  init(_ plan: QuantizationPlan, in graph: Graph) throws(ModelError) {
    for entry in plan.values {
      guard let value = graph.value(named: entry.value) else {
        throw Self.missing("a value '\(entry.value)'")
      }
      guard entry.scale.isFinite, entry.scale > 0 else {
        throw ModelError(
          .request,
          "plan, value '\(entry.value)': expected a scale above 0, found \(entry.scale)")
      }
      guard let type = Self.types.first(where: { "\($0)" == entry.type }),
        ActivationGrid(type).bounds.contains(entry.zeroPoint)
      else {
        throw ModelError(
          .request,
          "plan, value '\(entry.value)': expected a zero-point of type \(Self.types.map { "\($0)" }.joined(separator: ", ")), found \(entry.zeroPoint) of type \(entry.type)"
        )
      }
      parameters[value] = ActivationParameters(
        scale: entry.scale, zeroPoint: entry.zeroPoint, type: type)
    }
    for entry in plan.nodes where entry.form == .weighted || entry.form == .integer {
      guard let node = graph.value(named: entry.output).flatMap({ graph[$0].producer }) else {
        throw Self.missing("a node \(entry.node) with output '\(entry.output)'")
      }
      integer.insert(node)
      guard entry.form == .weighted else { continue }
      weighted[node] = try Self.weighted(entry, node, graph)
    }
  }

  private static let types: [ElementType] = [.uint8, .int8, .uint16, .int16]

  private static func missing(_ text: String) -> ModelError {
    ModelError(
      .request, "plan: expected \(text) in the model, found none",
      hint: "a plan is about one model and the version of Lapidary that simplified it")
  }

  private static func weighted(
    _ entry: QuantizationPlan.Node, _ id: NodeID, _ graph: Graph
  ) throws(ModelError) -> Weighted {
    let node = graph[id]
    guard let activation = entry.activation, (node.inputs[safe: activation] ?? nil) != nil,
      let weight = entry.weight, let weightID = node.inputs[safe: weight] ?? nil,
      let tensor = graph.constant(weightID), tensor.elementType == .float, tensor.count > 0,
      entry.axis.map({ tensor.dimensions.indices.contains($0) }) ?? true
    else {
      throw missing("a constant weight of type float with the plan's axis for \(entry.node)")
    }
    if let biases = entry.biases {
      guard entry.bias != nil, biases.allSatisfy(\.isFinite), !biases.isEmpty,
        entry.axis.map({ biases.count == tensor.dimensions[$0] }) ?? true
      else { throw missing("a place for one bias a channel for \(entry.node)") }
    } else if let bias = entry.bias {
      guard let value = node.inputs[safe: bias] ?? nil, let constant = graph.constant(value),
        constant.elementType == .float, constant.count > 0,
        constant.count == 1
          || entry.axis.map({ constant.count == tensor.dimensions[$0] }) ?? true
      else { throw missing("a constant bias with one number a channel for \(entry.node)") }
    }
    let contraction = entry.contraction ?? []
    guard let peak = entry.peak, 1...127 ~= peak, entry.pairPeak.map({ $0 >= 1 }) ?? true,
      Set(contraction).count == contraction.count,
      contraction.allSatisfy({ tensor.dimensions.indices.contains($0) && $0 != entry.axis })
    else { throw missing("a peak from 1 to 127 and axes of a contraction for \(entry.node)") }
    return Weighted(
      activation: activation, weight: weight, axis: entry.axis, bias: entry.bias,
      contraction: contraction, grid: WeightGrid(peak: peak, pairPeak: entry.pairPeak),
      biases: entry.biases)
  }
}
