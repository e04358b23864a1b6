internal import IR
internal import Kernels
internal import Operators

/// Products whose weight ONNX Runtime takes in blocks along K.
extension EncodingEditor {
  /// Makes a product one with a weight of few bits.
  ///
  /// - Returns: false where the product is none that the operator computes.
  mutating func writeBlockedProduct(
    _ id: NodeID, _ form: LinearForm, _ tensor: Tensor, _ values: [Float],
    _ options: WeightEncoding, _ together: StoredRounding?, block: Int
  ) -> Bool {
    let type = options.type
    guard let product = PlainProduct(form, tensor.dimensions, node: id, in: self),
      let data = model.graph[id].inputs[form.activation]
    else { return false }
    let layout = EncodingNodes.BlockedProduct(
      rows: product.rows, columns: product.columns, bits: type.bits, block: block)
    let columns = product.transposed(values).map { $0 * Float(form.alpha) }
    let shape = BlockShape(outer: product.columns, length: product.rows, inner: 1, block: block)
    let grid = type.grid(symmetric: options.isSymmetric)
    var stored = StoredWeight(columns, shape, grid, ranges: type.ranges)
    together?.improve(&stored, of: id, columns, shape, grid) { $0 * product.rows + $1 }
    let stem = facts.constantName(id, form.weight)
    let (packed, zeros) = stored.packed(layout, isSigned: type != .uint4)
    let blocks = (product.rows + block - 1) / block
    let weight = addConstant(
      "\(stem)_\(type.rawValue)",
      Tensor(.uint8, [product.columns, blocks, block * type.bits / 8], bytes: packed))
    let scales = addConstant(
      "\(stem)_scale", Tensor(floats: stored.scales, [product.columns, blocks]))
    let zeroPoints = zeros.map {
      addConstant(
        "\(stem)_zero_point",
        Tensor(.uint8, [product.columns, $0.count / product.columns], bytes: $0))
    }
    let bias = product.bias
    let name = model.graph[id].name ?? stem
    guard let output = release(id) else { return false }
    model.graph.add(
      EncodingNodes.blockedProduct(
        data, weight, scales: scales, zeroPoints: zeroPoints, bias: bias, layout, into: output,
        name: name))
    return true
  }

  /// Says that the model uses ONNX Runtime's own operators, where it does.
  mutating func importMicrosoft() {
    let domain = EncodingOpsets.microsoft.domain ?? ""
    guard model.opset(of: domain) == nil,
      model.graph.nodeIDs.contains(where: { model.graph[$0].op.domain == domain })
    else { return }
    model.opsetImports.append(EncodingOpsets.microsoft)
  }
}

extension TypedGraph {
  /// The name of an input.
  func constantName(_ id: NodeID, _ slot: Int) -> String {
    (graph[id].inputs[safe: slot] ?? nil).map { graph[$0].name } ?? "weight"
  }
}

/// A product of an activation, its rows as they lie, and a matrix on the right.
struct PlainProduct {
  /// The length of the sums.
  let rows: Int
  /// The channels of the result.
  let columns: Int
  /// Whether the matrix lies with its channels outermost.
  private let isTransposed: Bool
  /// The bias, a number a channel; nil where there is none.
  let bias: ValueID?

  /// Nil for a product of another kind.
  init?(
    _ form: LinearForm, _ dimensions: [Int], node id: NodeID, in editor: EncodingEditor
  ) {
    guard form.kind == .product, form.weight > form.activation, !form.transposesActivation,
      form.stackAxes == 0, dimensions.count == 2, let input = form.weightInput, form.isPlain
    else { return nil }
    isTransposed = input == 1
    rows = dimensions[input]
    columns = dimensions[1 - input]
    guard let place = form.bias, let value = editor.facts.graph[id].inputs[safe: place.slot] ?? nil
    else {
      bias = nil
      return
    }
    // A bias of one number for all, or of another for each row, stays with the operator that it has.
    guard place.factor == 1, editor.facts.graph[value].tensorType?.shape?.known == [columns] else {
      return nil
    }
    bias = value
  }

  /// The matrix with its channels outermost.
  func transposed(_ values: [Float]) -> [Float] {
    guard !isTransposed else { return values }
    return [Float](unsafeUninitializedCapacity: values.count) { target, count in
      for column in 0..<columns {
        for row in 0..<rows { target[column * rows + row] = values[row * columns + column] }
      }
      count = values.count
    }
  }

  /// The matrix with its channels innermost.
  func untransposed(_ values: [Float]) -> [Float] {
    guard isTransposed else { return values }
    return [Float](unsafeUninitializedCapacity: values.count) { target, count in
      for row in 0..<rows {
        for column in 0..<columns { target[row * columns + column] = values[column * rows + row] }
      }
      count = values.count
    }
  }
}

extension StoredWeight {
  /// Integers and zero-points as ONNX Runtime's operator takes them: without signs, each block of a
  /// column filled up, several to a byte, the first in the lower bits.
  fileprivate func packed(
    _ layout: EncodingNodes.BlockedProduct, isSigned: Bool
  ) -> (integers: [UInt8], zeros: [UInt8]?) {
    let blocks = (layout.rows + layout.block - 1) / layout.block
    // Where no zero-points are given, the operator's own is the middle.
    let shift: UInt8 = isSigned ? 1 << UInt8(layout.bits - 1) : 0
    let zeros = zeros.map { $0.map { $0 &+ shift } }
    var filled = [UInt8](repeating: shift, count: layout.columns * blocks * layout.block)
    for column in 0..<layout.columns {
      for row in 0..<layout.rows {
        filled[column * blocks * layout.block + row] =
          integers[column * layout.rows + row] &+ shift
      }
    }
    guard layout.bits == 4 else { return (filled, zeros) }
    let rows = zeros.map { zeros in
      (0..<layout.columns).flatMap { column in
        Array(zeros[column * blocks..<(column + 1) * blocks]).packedHalves
      }
    }
    return (filled.packedHalves, rows)
  }
}
