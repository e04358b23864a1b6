internal import IR
internal import Operators

/// Writes a plan into a model in QDQ form: inserts QuantizeLinear and DequantizeLinear
/// (quantization.md).
struct QDQWriter {
  private(set) var model: Model
  private let plan: ResolvedPlan
  private var weights: [WeightKey: ValueID] = [:]
  private var scalars: [ActivationParameters: (scale: ValueID, zeroPoint: ValueID)] = [:]
  private var zeros: [ZeroKey: ValueID] = [:]
  private var names: InsertedNames
  /// Whether weights that 4 bits hold are stored so.
  private let packs: Bool

  /// Weights whose integers are not simply the nearest.
  private let rounded: [NodeID: QuantizedWeight]

  init(
    _ model: Model, _ plan: ResolvedPlan, rounded: [NodeID: QuantizedWeight] = [:],
    packs: Bool = false
  ) {
    self.model = model
    names = InsertedNames(model.graph)
    self.packs = packs
    self.plan = plan
    self.rounded = rounded
  }

  private struct ZeroKey: Hashable {
    let type: ElementType
    let value: Int
    let count: Int?
  }

  private struct WeightKey: Hashable {
    let value: ValueID
    let axis: Int?
    let leastScale: [Double]?
    let grid: WeightGrid
    /// The node whose integers were chosen for it alone.
    let integers: NodeID?
  }

  mutating func run() throws(ModelError) {
    // Weights first: they read the activations' parameters under the values' present names.
    for id in model.graph.nodeIDs {
      if let own = plan.weighted[id] { quantizeWeight(id, own) }
    }
    for (value, own) in plan.parameters.sorted(by: { $0.key < $1.key }) {
      if let tensor = model.graph.constant(value) {
        quantizeConstant(value, tensor, own)
      } else {
        insertPair(value, own)
      }
    }
    try model.graph.sortTopologically()
    model.graph.dropUnusedValues()
  }

  // MARK: Activations

  /// Puts Q and DQ behind a value; everything that reads it then reads the DQ's result. A graph
  /// output keeps its name: the DQ produces it.
  private mutating func insertPair(_ value: ValueID, _ own: ActivationParameters) {
    let name = model.graph[value].name
    let (scale, zeroPoint) = scalar(own)
    let type = model.graph[value].tensorType
    let quantized = model.graph.addFreshValue(
      "\(name)_q", type: type.map { .tensor(TensorType(own.type, $0.shape)) })
    let source: ValueID
    let result: ValueID
    // Outputs and what bodies read are known by their names: these go to the pair's result, so that the
    // node's own has no reader but the pair.
    let isRead = model.graph[value].uses.contains { if case .capture = $0 { true } else { false } }
    let isNamed = model.graph.isOutput(value) || isRead
    if isNamed, let producer = model.graph[value].producer,
      let slot = model.graph[producer].outputs.firstIndex(of: value)
    {
      source = model.graph.addFreshValue("\(name)_float", type: type.map { .tensor($0) })
      model.graph.setOutput(producer, slot: slot, to: source)
      result = value
    } else {
      source = value
      result = model.graph.addFreshValue("\(name)_dq", type: type.map { .tensor($0) })
      model.graph.replaceInputs(of: value, with: result)
    }
    model.graph.add(
      QuantizationNodes.quantize(
        source, scale: scale, zeroPoint: zeroPoint, into: quantized,
        name: names.node("quantize")))
    model.graph.add(
      QuantizationNodes.dequantize(
        quantized, scale: scale, zeroPoint: zeroPoint, axis: nil, into: result,
        name: names.node("dequantize")))
  }

  /// A constant operand is stored in the activations' type.
  private mutating func quantizeConstant(
    _ value: ValueID, _ tensor: Tensor, _ own: ActivationParameters
  ) {
    guard let floats = tensor.floats else { return }
    let name = model.graph[value].name
    let (scale, zeroPoint) = scalar(own)
    let stored = model.graph.addInitializer(
      "\(name)_quantized", own.tensor(own.quantize(floats), tensor.dimensions))
    let result = model.graph.addFreshValue("\(name)_dq", type: .tensor(tensor.type))
    for case .input(let node, let slot) in model.graph[value].uses
    where plan.integer.contains(node) {
      model.graph.setInput(node, slot: slot, to: result)
    }
    model.graph.add(
      QuantizationNodes.dequantize(
        stored, scale: scale, zeroPoint: zeroPoint, axis: nil, into: result,
        name: names.node("dequantize")))
  }

  /// Scale and zero-point as constants of rank 0; equal ones are stored once.
  private mutating func scalar(
    _ own: ActivationParameters
  ) -> (scale: ValueID, zeroPoint: ValueID) {
    if let known = scalars[own] { return known }
    let pair = (
      scale: model.graph.addInitializer("scale", Tensor(floats: [own.scale], [])),
      zeroPoint: zeroPoint(own.type, own.zeroPoint, count: nil) {
        own.tensor([own.zeroPoint], [])
      }
    )
    scalars[own] = pair
    return pair
  }

  // MARK: Weights

  private mutating func quantizeWeight(_ id: NodeID, _ own: ResolvedPlan.Weighted) {
    let node = model.graph[id]
    let (weight, axis, bias) = (own.weight, own.axis, own.bias)
    guard let weightID = node.inputs[weight], let tensor = model.graph.constant(weightID),
      let values = tensor.floats, let input = node.inputs[own.activation],
      let scale = plan.parameters[input]?.scale
    else { return }
    let channels = axis.map { tensor.dimensions[$0] } ?? 1
    var biases = own.biases
    if let bias, biases == nil, let biasID = node.inputs[safe: bias] ?? nil,
      let constant = model.graph.constant(biasID)?.floats
    {
      // One number serves all channels; with one scale for the weight the bias keeps its length.
      let count = axis == nil ? constant.count : channels
      biases = constant.count == count ? constant : Array(repeating: constant[0], count: count)
    }
    let least = own.leastScales(tensor.dimensions, values, biases, plan.parameters[input])
    let chosen = rounded[id].flatMap { chosen in
      zip(chosen.scales, least ?? []).allSatisfy { Double($0) >= $1 * 0.999 } ? chosen : nil
    }
    let quantized =
      chosen
      ?? QuantizedWeight(
        values, tensor.dimensions, axis: axis, grid: own.grid, contraction: own.contraction,
        leastScale: least)
    let key = WeightKey(
      value: weightID, axis: axis, leastScale: least, grid: own.grid,
      integers: chosen == nil ? nil : id)
    if let known = weights[key] {
      model.graph.setInput(id, slot: weight, to: known)
    } else {
      let name = model.graph[weightID].name
      let result = addDequantized(
        name, Tensor(.int8, tensor.dimensions, Storage(quantized.values)), quantized.scales,
        axis: axis, packs: packs && own.grid.peak <= WeightGrid.packedPeak)
      weights[key] = result
      model.graph.setInput(id, slot: weight, to: result)
    }
    guard let bias, let biases else { return }
    let biasID = node.inputs[safe: bias] ?? nil
    let scales = quantized.scales.map { $0 * scale }
    let stored = biases.indices.map { index -> Int32 in
      let rounded = (Double(biases[index]) / Double(scales[scales.count == 1 ? 0 : index]))
        .rounded(.toNearestOrEven)
      return rounded.isNaN ? 0 : Int32(min(max(rounded, Double(Int32.min)), Double(Int32.max)))
    }
    let result = addDequantized(
      biasID.map { model.graph[$0].name } ?? "\(model.graph[weightID].name)_bias",
      Tensor(.int32, [stored.count], Storage(stored)), scales,
      axis: axis == nil ? nil : 0)
    model.graph.setInput(id, slot: bias, to: result)
  }

  private mutating func addDequantized(
    _ name: String, _ stored: Tensor, _ scales: [Float], axis: Int?, packs: Bool = false
  ) -> ValueID {
    let data = packs ? addPacked(name, stored) : addInitializer(name, stored)
    let scale = model.graph.addInitializer(
      "\(name)_scale", Tensor(floats: scales, axis == nil ? [] : [scales.count]))
    let count = axis == nil ? nil : scales.count
    let zeroPoint = zeroPoint(stored.elementType, 0, count: count) {
      let bytes = [UInt8](repeating: 0, count: stored.elementType.byteCount(of: count ?? 1) ?? 0)
      return Tensor(stored.elementType, count.map { [$0] } ?? [], Storage(bytes))
    }
    let result = model.graph.addFreshValue(
      "\(name)_dq", type: .tensor(TensorType(.float, stored.dimensions)))
    model.graph.add(
      QuantizationNodes.dequantize(
        data, scale: scale, zeroPoint: zeroPoint, axis: axis, into: result,
        name: names.node("dequantize")))
    return result
  }

  private mutating func addInitializer(_ name: String, _ stored: Tensor) -> ValueID {
    model.graph.addInitializer("\(name)_quantized", stored)
  }

  /// Integers in 4 bits, and what makes bytes of them: kernels multiply bytes, and a runtime computes
  /// constants when it loads a model.
  private mutating func addPacked(_ name: String, _ stored: Tensor) -> ValueID {
    let packed = model.graph.addInitializer(
      "\(name)_packed",
      Tensor(
        .int4, stored.dimensions, bytes: stored.storage?.withUnsafeBytes { [UInt8]($0) } ?? []))
    let result = model.graph.addFreshValue("\(name)_quantized", type: .tensor(stored.type))
    model.graph.add(
      SurgeryNodes.cast(
        packed, to: stored.elementType, into: result, name: names.node("unpack")))
    return result
  }

  /// A zero-point for all or, as often as there are channels, for each: some runtimes take no node
  /// without one. Equal ones are stored once.
  private mutating func zeroPoint(
    _ type: ElementType, _ value: Int, count: Int?, _ tensor: () -> Tensor
  ) -> ValueID {
    let key = ZeroKey(type: type, value: value, count: count)
    if let known = zeros[key] { return known }
    let added = model.graph.addInitializer("zero_point", tensor())
    zeros[key] = added
    return added
  }
}
