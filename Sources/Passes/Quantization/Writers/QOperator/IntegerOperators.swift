public import IR
internal import Operators

/// Says a model in QDQ form with operators that compute on integers: dequantizing, an operator and
/// quantizing become one node, with the same integers as result (quantization.md, "Encodings").
///
/// What no such operator computes stays in QDQ form.
public struct IntegerOperators: ModelEncoding {
  /// Whose operators may be used. ONNX has a convolution and a product; ONNX Runtime has more.
  public var target = EncodingTarget.onnxruntime

  /// A form with defaults.
  public init() {}

  /// Writes a model in QDQ form with integer operators.
  public func encodeGraph(
    of model: Model, on samples: EncodingSamples?
  ) throws(ModelError) -> EncodedModel {
    var writer = IntegerOperatorWriter(try EncodingEditor(model), target)
    writer.run()
    writer.editor.importMicrosoft()
    return try writer.editor.finish(notes: [])
  }
}

/// Puts operators on integers in the place of those between conversions.
struct IntegerOperatorWriter {
  var editor: EncodingEditor
  private let target: EncodingTarget
  private let opset: Int
  /// What each float value is made of.
  private var sources: [ValueID: QuantizedValue] = [:]
  /// Axes of scales by float value.
  private var axes: [ValueID: Int] = [:]

  init(_ editor: EncodingEditor, _ target: EncodingTarget) {
    self.editor = editor
    self.target = target
    opset = editor.model.opset() ?? 1
    let graph = editor.facts.graph
    for id in graph.nodeIDs {
      guard let source = IntegerNodes.dequantized(graph[id]),
        let output = graph[id].outputs[safe: 0] ?? nil
      else { continue }
      sources[output] = source
      axes[output] = IntegerNodes.axis(graph[id])
    }
  }

  mutating func run() {
    let facts = editor.facts
    for id in facts.graph.nodeIDs where editor.model.graph.contains(id) {
      let node = facts.graph[id]
      guard IntegerNodes.dequantized(node) == nil, IntegerNodes.quantized(node) == nil,
        let op = facts.op(id)
      else { continue }
      if let form = op.integerForm(opset: opset) {
        write(id, op, rounded: form)
      } else if case .shared = op.quantization(facts.inputs(id)) {
        move(id)
      }
    }
    for id in facts.graph.nodeIDs where editor.model.graph.contains(id) {
      guard IntegerNodes.dequantized(facts.graph[id]) != nil,
        let output = facts.graph[id].outputs[safe: 0] ?? nil,
        editor.model.graph[output].uses.isEmpty
      else { continue }
      editor.model.graph.remove(id)
    }
  }

  // MARK: What follows

  /// Where a node's result becomes integers.
  private struct Result {
    let value: QuantizedValue
    /// The nodes that go.
    let nodes: [NodeID]
  }

  /// The integers that a node's result becomes, when nothing else reads it; a clamp between goes
  /// where the integers' own range clamps as much.
  private func result(of id: NodeID) -> Result? {
    let graph = editor.facts.graph
    guard graph[id].outputs.compactMap({ $0 }).count == 1, let output = graph[id].outputs[0],
      let next = graph.onlyConsumer(of: output)
    else { return nil }
    if let value = IntegerNodes.quantized(graph[next]) {
      return Result(value: value, nodes: [next])
    }
    guard let op = editor.facts.op(next),
      case .clamp(let range) = op.quantization(editor.facts.inputs(next)),
      let clamped = graph[next].outputs.first ?? nil, let last = graph.onlyConsumer(of: clamped),
      let value = IntegerNodes.quantized(graph[last]), saturates(value, range)
    else { return nil }
    return Result(value: value, nodes: [next, last])
  }

  /// Whether rounding to the integers clamps to at least the range: both bounds become the ends.
  private func saturates(_ value: QuantizedValue, _ range: ClosedRange<Float>) -> Bool {
    guard let scale = editor.facts.constant(value.scale)?.floats?.first, scale > 0,
      let zeroPoint = value.zeroPoint, let tensor = editor.facts.constant(zeroPoint),
      let zero = tensor.integers?.first, let bits = tensor.elementType.bitWidth
    else { return false }
    let isSigned = tensor.elementType == .int8 || tensor.elementType == .int16
    let least = isSigned ? -(1 << (bits - 1)) : 0
    let most = least + (1 << bits) - 1
    func level(_ bound: Float) -> Double {
      Double((bound / scale).rounded(.toNearestOrEven)) + Double(zero)
    }
    return level(range.lowerBound) <= Double(least) && level(range.upperBound) >= Double(most)
  }

  // MARK: Operators

  private mutating func write(_ id: NodeID, _ op: any Operator, rounded: IntegerForm) {
    let result = result(of: id)
    guard let form = result == nil ? op.unroundedForm(opset: opset) : rounded,
      let output = result?.value.data ?? editor.facts.graph[id].outputs[safe: 0] ?? nil
    else { return editor.stayed(id, "its result is not quantized, or read by others too") }
    guard form.op.domain.isEmpty || target == .onnxruntime else {
      return editor.stayed(id, "ONNX has no operator on integers for it")
    }
    let facts = editor.facts
    let linear = op.linear(facts.inputs(id))
    let slot = linear?.bias?.slot
    guard linear.map({ $0.alpha == 1 && ($0.bias?.factor ?? 1) == 1 }) ?? true else {
      return editor.stayed(id, "it has factors")
    }
    var operands: [QuantizedValue] = []
    for (index, value) in facts.graph[id].inputs.enumerated() where index != slot {
      guard let value, let source = sources[value], isByte(source.data),
        hasPlace(value, source, linear, index)
      else { return editor.stayed(id, "input \(index) is not quantized as the operator takes it") }
      operands.append(complete(source))
    }
    var bias: ValueID?
    if let slot, let value = facts.graph[id].inputs[safe: slot] ?? nil {
      guard let source = sources[value], operands.count == 2, fits(source, operands) else {
        return editor.stayed(id, "its bias is not of int32 in the scale of the product")
      }
      bias = source.data
    }
    let node = editor.model.graph[id]
    for gone in [id] + (result?.nodes ?? []) { editor.model.graph.remove(gone) }
    let own = result.map { complete($0.value) }
    editor.model.graph.add(
      IntegerNodes.made(form, like: node, operands, bias: bias, into: output, result: own))
    editor.took("\(form.op)", id)
  }

  private func isByte(_ value: ValueID) -> Bool {
    let type = editor.facts.graph[value].tensorType?.elementType
    return type == .uint8 || type == .int8
  }

  /// Whether scales are one for the tensor, or one for each channel of a weight.
  private func hasPlace(
    _ value: ValueID, _ source: QuantizedValue, _ linear: LinearForm?, _ slot: Int
  ) -> Bool {
    guard let scale = editor.facts.constant(source.scale) else { return false }
    if scale.count == 1 { return true }
    return linear?.weight == slot && scale.dimensions.count == 1
      && axes[value] == linear?.weightOutput
  }

  /// Whether a bias is of int32 and has the product of the other operands' scales.
  private func fits(_ bias: QuantizedValue, _ operands: [QuantizedValue]) -> Bool {
    let facts = editor.facts
    guard facts.graph[bias.data].tensorType?.elementType == .int32,
      let own = facts.constant(bias.scale)?.floats,
      let a = facts.constant(operands[0].scale)?.floats,
      let b = facts.constant(operands[1].scale)?.floats, !a.isEmpty, !b.isEmpty
    else { return false }
    let count = max(a.count, b.count)
    guard own.count == count || own.count == 1 && count == 1 else { return false }
    return own.indices.allSatisfy { index in
      let product = Double(a[a.count == 1 ? 0 : index]) * Double(b[b.count == 1 ? 0 : index])
      return abs(Double(own[index]) - product) <= 1e-6 * abs(product)
    }
  }

  /// The value with its zero-point said.
  private mutating func complete(_ value: QuantizedValue) -> QuantizedValue {
    guard value.zeroPoint == nil,
      let type = editor.facts.graph[value.data].tensorType?.elementType,
      let shape = editor.facts.constant(value.scale)?.dimensions,
      let zero = Tensor.zeros(type, shape)
    else { return value }
    return QuantizedValue(
      data: value.data, scale: value.scale,
      zeroPoint: editor.addConstant("\(editor.name(value.data))_zero_point", zero))
  }

  // MARK: Moves

  /// Lets a node that only moves elements move the integers, whose scale and zero-point stay.
  private mutating func move(_ id: NodeID) {
    let graph = editor.facts.graph
    guard let value = graph[id].inputs[safe: 0] ?? nil, let source = sources[value],
      let result = result(of: id), result.nodes.count == 1, isSame(source, result.value),
      let type = graph[source.data].tensorType?.elementType,
      let signature = Registry.signature(of: graph[id].op, opset: opset),
      signature.input(0)?.types.contains(type) ?? false,
      signature.output(0)?.types.contains(type) ?? false
    else { return }
    for gone in result.nodes { editor.model.graph.remove(gone) }
    editor.model.graph.setInput(id, slot: 0, to: source.data)
    editor.model.graph.setOutput(id, slot: 0, to: result.value.data)
    editor.took("moves integers", id)
  }

  private func isSame(_ a: QuantizedValue, _ b: QuantizedValue) -> Bool {
    func same(_ x: ValueID?, _ y: ValueID?) -> Bool {
      guard let x, let y else { return x == y }
      return x == y || editor.facts.constant(x).map { $0 == editor.facts.constant(y) } ?? false
    }
    return same(a.scale, b.scale) && same(a.zeroPoint, b.zeroPoint)
  }
}
