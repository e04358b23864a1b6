internal import IR
internal import Kernels
internal import Operators

/// Tables that are stored in 8 bits: only what was picked becomes floats.
extension EncodingEditor {
  /// A table in integers.
  private struct Table {
    let integers: ValueID
    let scales: ValueID
    let zeros: ValueID
  }

  /// Makes a lookup pick integers, their scales and zero-points, and floats of these.
  ///
  /// - Parameter block: elements of a row that share a scale; nil for a scale a row.
  mutating func writeLookup(
    _ id: NodeID, _ lookup: Lookup, _ value: ValueID, _ tensor: Tensor, _ values: [Float],
    block: Int?
  ) {
    let width = max(1, tensor.dimensions.last ?? 1)
    let own = block.flatMap { $0 < width ? $0 : nil }
    let table = table(value, tensor, values, block: own ?? width)
    took(own.map { "int8 in blocks of \($0)" } ?? "int8 by row", id)
    let node = model.graph[id]
    guard let output = release(id) else { return }
    let stem = name(output)
    func picked(_ table: ValueID, _ suffix: String, _ type: ElementType, _ shape: Shape?) -> ValueID
    {
      var inputs = node.inputs
      inputs[lookup.table] = table
      let result = addValue("\(stem)_\(suffix)", type, shape)
      model.graph.add(
        EncodingNodes.like(node, inputs: inputs, outputs: [result], name: "\(stem)_\(suffix)"))
      return result
    }
    let shape = facts.graph[output].tensorType?.shape
    let integers = picked(table.integers, "int8", .int8, shape)
    let scale = picked(table.scales, "scale", .float, nil)
    let zero = picked(table.zeros, "zero_point", .int8, nil)
    guard model.opset() ?? 1 < EncodingOpsets.blocks else {
      model.graph.add(
        EncodingNodes.dequantize(
          integers, scale: scale, zeroPoint: zero, axis: -1, block: own ?? width, into: output,
          name: "\(stem)_dequantize"))
      return
    }
    let floats = addValue("\(stem)_float", .float, shape)
    model.graph.add(SurgeryNodes.cast(integers, to: .float, into: floats, name: "\(stem)_cast"))
    let shift = addValue("\(stem)_shift", .float)
    model.graph.add(SurgeryNodes.cast(zero, to: .float, into: shift, name: "\(stem)_shift_cast"))
    let centred = addValue("\(stem)_centred", .float, shape)
    model.graph.add(
      EncodingNodes.subtract(floats, shift, into: centred, name: "\(stem)_subtract"))
    model.graph.add(
      SurgeryNodes.multiply(centred, scale, into: output, name: "\(stem)_multiply"))
  }

  /// The table in integers, stored once however many nodes look up in it.
  private mutating func table(
    _ value: ValueID, _ tensor: Tensor, _ values: [Float], block: Int
  ) -> Table {
    let stem = "\(name(value))_rows"
    func known(_ suffix: String) -> ValueID? { model.graph.value(named: "\(stem)_\(suffix)") }
    if let integers = known("int8"), let scales = known("scale"), let zeros = known("zero_point") {
      return Table(integers: integers, scales: scales, zeros: zeros)
    }
    let width = max(1, tensor.dimensions.last ?? 1)
    let shape = BlockShape(
      outer: tensor.count / width, length: width, inner: 1, block: block)
    let stored = StoredWeight(
      values, shape, WeightType.bytes, ranges: block < width ? WeightType.int8.ranges : .own)
    var dimensions = tensor.dimensions
    dimensions[dimensions.count - 1] = shape.blocks
    return Table(
      integers: addConstant(
        "\(stem)_int8", Tensor(.int8, tensor.dimensions, bytes: stored.integers)),
      scales: addConstant("\(stem)_scale", Tensor(floats: stored.scales, dimensions)),
      zeros: addConstant(
        "\(stem)_zero_point", Tensor(.int8, dimensions, bytes: stored.zeros ?? [])))
  }
}
