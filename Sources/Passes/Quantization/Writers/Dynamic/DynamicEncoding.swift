public import IR
internal import Kernels
internal import Operators

/// Computes products and convolutions in integers over ranges that are found while the model runs:
/// weights are stored as signed 8-bit integers by channel, tables by row, and no data is needed
/// (quantization.md, "Encodings").
public struct DynamicEncoding: ModelEncoding {
  /// Whether weights use all 8 bits. By default they use 7, so that no pair of products leaves 16 bits
  /// on processors without VNNI.
  public var usesAllBits = false
  /// For which runtime.
  public var target = EncodingTarget.onnx
  /// Names or patterns of nodes, outputs or operators that stay as they are.
  public var exclude: [String] = []

  /// An encoding with defaults.
  public init() {}

  /// 2·255·64 is less than 2¹⁵.
  var grid: IntegerGrid {
    usesAllBits
      ? IntegerGrid(-127, 127, isSymmetric: true) : IntegerGrid(-64, 64, isSymmetric: true)
  }

  /// Writes the model with integers.
  public func encodeGraph(
    of model: Model, on samples: EncodingSamples?
  ) throws(ModelError) -> EncodedModel {
    let prepared = try model.prepared(opset: EncodingOpsets.dynamic)
    var writer = DynamicWriter(try EncodingEditor(prepared.model), self)
    writer.run()
    return try writer.editor.finish(notes: prepared.notes)
  }
}

/// Puts integer operators in the place of those on floats.
struct DynamicWriter {
  var editor: EncodingEditor
  let options: DynamicEncoding
  private let excluded: [Glob]
  private var known: [ValueID: QuantizedActivation] = [:]

  /// An activation as the integers that are found while the model runs.
  struct QuantizedActivation {
    let integers: ValueID
    let scale: ValueID
    let zeroPoint: ValueID
  }

  init(_ editor: EncodingEditor, _ options: DynamicEncoding) {
    self.editor = editor
    self.options = options
    excluded = options.exclude.map { Glob($0) }
  }

  mutating func run() {
    let facts = editor.facts
    for id in facts.graph.nodeIDs {
      guard let op = facts.op(id) else { continue }
      let names = facts.graph.names(of: id)
      let isExcluded = excluded.contains { names.contains(where: $0.matches) }
      if let lookup = op.lookup {
        guard !isExcluded, lookup.axis == 0, let (value, tensor, values) = weight(id, lookup.table)
        else { continue }
        editor.writeLookup(id, lookup, value, tensor, values, block: nil)
      } else if let layer = op as? any Recurrent {
        if isExcluded { editor.stayed(id, "excluded") } else { encode(id, layer) }
      } else if let form = op.linear(facts.inputs(id)), form.kind != .scaling {
        if isExcluded { editor.stayed(id, "excluded") } else { encode(id, form) }
      }
    }
    if options.target == .onnxruntime { editor.importMicrosoft() }
  }

  /// The weight at a slot, where it can be stored in integers.
  func weight(_ id: NodeID, _ slot: Int) -> (ValueID, Tensor, [Float])? {
    guard let (value, tensor) = editor.constant(id, slot), tensor.elementType == .float,
      tensor.dimensions.count > 1, tensor.count >= WeightEncoding.least, let values = tensor.floats,
      values.allSatisfy(\.isFinite)
    else { return nil }
    return (value, tensor, values)
  }

  /// The activation as integers, found once for all its readers.
  mutating func quantized(_ value: ValueID) -> QuantizedActivation {
    if let found = known[value] { return found }
    let name = editor.name(value)
    let shape = editor.facts.graph[value].tensorType?.shape
    let found = QuantizedActivation(
      integers: editor.addValue("\(name)_quantized", .uint8, shape),
      scale: editor.addValue("\(name)_scale", .float, Shape([Int]())),
      zeroPoint: editor.addValue("\(name)_zero_point", .uint8, Shape([Int]())))
    editor.model.graph.add(
      EncodingNodes.quantizeOnTheWay(
        value, into: [found.integers, found.scale, found.zeroPoint], name: "\(name)_quantize"))
    known[value] = found
    return found
  }

  private mutating func encode(_ id: NodeID, _ form: LinearForm) {
    let graph = editor.facts.graph
    guard let data = graph[id].inputs[safe: form.activation] ?? nil,
      graph[data].tensorType?.elementType == .float, editor.facts.constant(data) == nil
    else { return editor.stayed(id, "its input is constant or not of type float") }
    guard let (_, tensor, values) = weight(id, form.weight) else {
      return editor.stayed(id, "its weight is small, or no finite constant of type float")
    }
    switch form.kind {
    case .product:
      guard let product = PlainProduct(form, tensor.dimensions, node: id, in: editor) else {
        return editor.stayed(id, "runtimes have no integer form of its product")
      }
      write(id, form, product, data, values)
    case .convolution where form.isPlain && form.weightOutput == 0:
      write(id, form, data, tensor, values)
    default: editor.stayed(id, "runtimes have no integer form of it")
    }
  }

  // MARK: Products

  private mutating func write(
    _ id: NodeID, _ form: LinearForm, _ product: PlainProduct, _ data: ValueID, _ values: [Float]
  ) {
    let (rows, columns) = (product.rows, product.columns)
    let stored = StoredWeight(
      product.untransposed(values),
      BlockShape(outer: 1, length: rows, inner: columns, block: rows), options.grid)
    let stem = editor.facts.constantName(id, form.weight)
    let weight = editor.addConstant(
      "\(stem)_int8", Tensor(.int8, [rows, columns], bytes: stored.integers))
    let scales = Tensor(floats: stored.scales.map { $0 * Float(form.alpha) }, [columns])
    let activation = quantized(data)
    let node = editor.model.graph[id]
    guard let output = editor.release(id) else { return }
    let name = node.name ?? editor.name(output)
    let sums = sums(of: output)
    editor.model.graph.add(
      EncodingNodes.integerProduct(
        activation.integers, weight, zeroPoint: activation.zeroPoint, into: sums, name: name))
    finish(
      sums, scale: activation.scale, stem: stem, scales, bias: product.bias, into: output,
      name: name
    )
    editor.took(self.form(of: options), id)
  }

  private func form(of options: DynamicEncoding) -> String {
    options.usesAllBits ? "int8 by channel" : "7 bits by channel"
  }

  // MARK: Convolutions

  private mutating func write(
    _ id: NodeID, _ form: LinearForm, _ data: ValueID, _ tensor: Tensor, _ values: [Float]
  ) {
    let channels = tensor.dimensions[0]
    guard let shape = BlockShape(channels: 0, of: tensor.dimensions) else { return }
    let ones = [Int](repeating: 1, count: tensor.dimensions.count - 2)
    var bias: ValueID?
    if let slot = form.bias?.slot, (editor.facts.graph[id].inputs[safe: slot] ?? nil) != nil {
      guard let (value, constant) = editor.constant(id, slot), let floats = constant.floats,
        floats.count == channels
      else { return editor.stayed(id, "its bias is not constant") }
      bias = editor.addConstant(
        "\(editor.name(value))_spread", Tensor(floats: floats, [1, channels] + ones))
    }
    let stored = StoredWeight(values, shape, options.grid)
    let stem = editor.facts.constantName(id, form.weight)
    let weight = editor.addConstant(
      "\(stem)_int8", Tensor(.int8, tensor.dimensions, bytes: stored.integers))
    let activation = quantized(data)
    let node = editor.model.graph[id]
    guard let output = editor.release(id) else { return }
    let name = node.name ?? editor.name(output)
    let sums = sums(of: output)
    editor.model.graph.add(
      EncodingNodes.integerConvolution(
        activation.integers, weight, zeroPoint: activation.zeroPoint, like: node, into: sums,
        name: name))
    finish(
      sums, scale: activation.scale, stem: stem,
      Tensor(floats: stored.scales, [1, channels] + ones), bias: bias, into: output, name: name)
    editor.took(self.form(of: options), id)
  }

  // MARK: Back to floats

  private mutating func sums(of output: ValueID) -> ValueID {
    editor.addValue(
      "\(editor.name(output))_sums", .int32, editor.facts.graph[output].tensorType?.shape)
  }

  /// Multiplies sums by both scales and adds the bias.
  private mutating func finish(
    _ sums: ValueID, scale: ValueID, stem: String, _ scales: Tensor, bias: ValueID?,
    into output: ValueID, name: String
  ) {
    let shape = editor.facts.graph[output].tensorType?.shape
    let floats = editor.addValue("\(name)_float", .float, shape)
    editor.model.graph.add(
      SurgeryNodes.cast(sums, to: .float, into: floats, name: "\(name)_cast"))
    let own = editor.addConstant("\(stem)_scale", scales)
    let both = editor.addValue("\(name)_scales", .float, Shape(scales.dimensions))
    editor.model.graph.add(
      SurgeryNodes.multiply(scale, own, into: both, name: "\(name)_scales"))
    guard let bias else {
      editor.model.graph.add(
        SurgeryNodes.multiply(floats, both, into: output, name: "\(name)_multiply"))
      return
    }
    let scaled = editor.addValue("\(name)_scaled", .float, shape)
    editor.model.graph.add(
      SurgeryNodes.multiply(floats, both, into: scaled, name: "\(name)_multiply"))
    editor.model.graph.add(
      SurgeryNodes.add(scaled, bias, into: output, name: "\(name)_add"))
  }
}
