public import IR
internal import Kernels
internal import Operators

/// Stores weights in few bits and computes as before: weights of products and convolutions, and
/// tables that are looked up in (quantization.md, "Encodings").
public struct WeightEncoding: ModelEncoding {
  /// The integers.
  public var type = WeightType.int8
  /// Elements along the sum that share a scale; nil for one scale a channel.
  public var block: Int? = 16
  /// Whether zero always stands for zero, so that there are no zero-points.
  public var isSymmetric = false
  /// For which runtime.
  public var target = EncodingTarget.onnx
  /// How integers are chosen; together only where there are samples.
  public var rounding = QuantizationOptions.Rounding.nearest
  /// Names or patterns of nodes, outputs or operators that stay as they are.
  public var exclude: [String] = []

  /// An encoding with defaults.
  public init() {}

  /// Elements of a weight below which scales and nodes would weigh more than is saved.
  static let least = 512
  /// The block of ONNX Runtime's products where none is given.
  private static let usualBlock = 32

  /// The block that is used; nil for one scale a channel.
  var ownBlock: Int? { block ?? (target == .onnxruntime ? Self.usualBlock : nil) }

  /// Writes the model with its weights in few bits.
  ///
  /// - Parameter samples: those on which weights are rounded together.
  public func encodeGraph(
    of model: Model, on samples: EncodingSamples?
  ) throws(ModelError) -> EncodedModel {
    if let block, !(16...256).contains(block) || block & (block - 1) != 0 {
      throw ModelError(
        .request, "block: expected a power of two from 16 to 256, found \(block)")
    }
    let isOld = ownBlock == nil && type.bits == 8
    let needed = isOld ? QuantizationNodes.perChannelOpset : EncodingOpsets.blocks
    let prepared = try model.prepared(opset: needed)
    let editor = try EncodingEditor(prepared.model)
    var together: StoredRounding?
    if rounding == .gptq, let samples {
      together = try StoredRounding(editor.facts, prepared.model, on: samples)
    }
    var writer = WeightWriter(editor, self, together)
    try writer.run()
    return try writer.editor.finish(notes: prepared.notes)
  }
}

/// Puts stored weights in the place of floats.
struct WeightWriter {
  var editor: EncodingEditor
  let options: WeightEncoding
  private var known: [Key: ValueID] = [:]
  private let excluded: [Glob]
  private let together: StoredRounding?

  /// A weight as it is stored.
  private struct Key: Hashable {
    let value: ValueID
    let axis: Int
    let block: Int?
  }

  /// - Parameter together: what rounds weights together; nil where each is rounded by itself.
  init(_ editor: EncodingEditor, _ options: WeightEncoding, _ together: StoredRounding?) {
    self.editor = editor
    self.together = together
    self.options = options
    excluded = options.exclude.map { Glob($0) }
  }

  mutating func run() throws(ModelError) {
    let facts = editor.facts
    for id in facts.graph.nodeIDs {
      guard let op = facts.op(id) else { continue }
      let inputs = facts.inputs(id)
      let names = facts.graph.names(of: id)
      if excluded.contains(where: { names.contains(where: $0.matches) }) {
        editor.stayed(id, "excluded")
      } else if let lookup = op.lookup {
        encode(id, lookup)
      } else if let form = op.linear(inputs), form.kind != .scaling {
        encode(id, form)
      }
    }
    if options.target == .onnxruntime { editor.importMicrosoft() }
  }

  /// The weight at a slot, where it can be stored in few bits.
  private mutating func weight(_ id: NodeID, _ slot: Int) -> (ValueID, Tensor, [Float])? {
    guard let (value, tensor) = editor.constant(id, slot), tensor.elementType == .float,
      tensor.dimensions.count > 1
    else {
      editor.stayed(id, "its weight is not a constant of type float")
      return nil
    }
    guard tensor.count >= WeightEncoding.least else {
      editor.stayed(id, "its weight is small: \(tensor.count) elements")
      return nil
    }
    guard let values = tensor.floats, values.allSatisfy(\.isFinite) else {
      editor.stayed(id, "its weight has elements that are not finite")
      return nil
    }
    return (value, tensor, values)
  }

  // MARK: Products and convolutions

  private mutating func encode(_ id: NodeID, _ form: LinearForm) {
    guard let (value, tensor, values) = weight(id, form.weight) else { return }
    guard let axis = form.weightInput, tensor.dimensions.indices.contains(axis) else {
      return editor.stayed(id, "its weight is packed")
    }
    if options.target == .onnxruntime, let block = options.ownBlock,
      editor.writeBlockedProduct(id, form, tensor, values, options, together, block: block)
    {
      return editor.took("\(options.type.rawValue) in blocks of \(block)", id)
    }
    let span = AxisSpan(tensor.dimensions, axis: axis)
    let fits = options.ownBlock.map { span.length >= $0 } ?? false
    if let block = options.ownBlock, fits {
      let stored = dequantized(
        id, value, tensor, values, options.type, axis: axis, block: block,
        BlockShape(outer: span.outer, length: span.length, inner: span.inner, block: block))
      editor.model.graph.setInput(id, slot: form.weight, to: stored)
      return editor.took("\(options.type.rawValue) in blocks of \(block)", id)
    }
    guard let channels = form.weightOutput, form.stackAxes == 0,
      let shape = BlockShape(channels: channels, of: tensor.dimensions)
    else { return editor.stayed(id, "its weight has no axis of channels") }
    // Too few elements along the sum for a block: 4 bits a channel would be far off.
    let type = options.ownBlock == nil ? options.type : .int8
    let stored = dequantized(id, value, tensor, values, type, axis: channels, block: nil, shape)
    editor.model.graph.setInput(id, slot: form.weight, to: stored)
    editor.took("\(type.rawValue) by channel", id)
  }

  /// The weight as integers and a node that gives them as floats.
  private mutating func dequantized(
    _ id: NodeID, _ value: ValueID, _ tensor: Tensor, _ values: [Float], _ type: WeightType,
    axis: Int, block: Int?, _ shape: BlockShape
  ) -> ValueID {
    let key = Key(value: value, axis: axis, block: block)
    if let stored = known[key] { return stored }
    let grid = type.grid(symmetric: options.isSymmetric)
    var weight = StoredWeight(values, shape, grid, ranges: type.ranges)
    if let layout = together?.layout(of: id) {
      together?.improve(&weight, of: id, values, shape, grid) {
        layout.place(output: $0, column: $1)
      }
    }
    var dimensions = tensor.dimensions
    if block == nil { dimensions = [shape.scales] } else { dimensions[axis] = shape.blocks }
    let name = editor.name(value)
    let data = editor.addConstant(
      "\(name)_\(type.rawValue)",
      Tensor(type.elementType, tensor.dimensions, bytes: weight.integers))
    let scale = editor.addConstant("\(name)_scale", Tensor(floats: weight.scales, dimensions))
    let zero = weight.zeros.map {
      editor.addConstant("\(name)_zero_point", Tensor(type.elementType, dimensions, bytes: $0))
    }
    let result = editor.addValue("\(name)_dequantized", .float, Shape(tensor.dimensions))
    editor.model.graph.add(
      EncodingNodes.dequantize(
        data, scale: scale, zeroPoint: zero, axis: axis, block: block, into: result,
        name: "\(name)_dequantize"))
    known[key] = result
    return result
  }

  // MARK: Tables

  /// Looks up integers and the scales of their slices, so that only what was asked for is converted.
  private mutating func encode(_ id: NodeID, _ lookup: Lookup) {
    guard lookup.axis == 0, editor.constant(id, lookup.table)?.tensor.elementType == .float,
      let (value, tensor, values) = weight(id, lookup.table)
    else { return }
    editor.writeLookup(id, lookup, value, tensor, values, block: options.ownBlock)
  }
}

extension BlockShape {
  /// One scale a channel along an axis at either end of the elements; nil for an axis in the middle.
  init?(channels axis: Int, of dimensions: [Int]) {
    let count = dimensions.reduce(1, *)
    guard count > 0 else { return nil }
    if axis == 0 {
      let length = count / dimensions[0]
      self.init(outer: dimensions[0], length: length, inner: 1, block: length)
    } else if axis == dimensions.count - 1 {
      let length = count / dimensions[axis]
      self.init(outer: 1, length: length, inner: dimensions[axis], block: length)
    } else {
      return nil
    }
  }
}
