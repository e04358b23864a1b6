internal import IR
internal import Kernels
internal import Operators

/// Recurrent layers, for the runtime that has them on integers.
extension DynamicWriter {
  /// The inputs of a recurrent layer that are weights.
  private static let weights = 1...2

  /// Makes a long short-term memory one with weights of 8 bits.
  mutating func encode(_ id: NodeID, _ layer: any Recurrent) {
    guard !type(of: layer).isQuantized else { return }
    guard options.target == .onnxruntime, case .lstm = layer.cell, !layer.settings.batchFirst else {
      return editor.stayed(
        id,
        options.target == .onnxruntime
          ? "ONNX Runtime has no integer form of it" : "ONNX has no integer form of it")
    }
    var stored: [(weight: ValueID, scale: ValueID, zeroPoint: ValueID)] = []
    for slot in Self.weights {
      guard let (value, tensor, values) = weight(id, slot), tensor.dimensions.count == 3 else {
        return editor.stayed(id, "its weight is small, or no finite constant of type float")
      }
      stored.append(store(editor.name(value), tensor.dimensions, values))
    }
    let node = editor.model.graph[id]
    // Inputs that the layer leaves out stay left out.
    var inputs = node.inputs + [ValueID?](repeating: nil, count: max(0, 8 - node.inputs.count))
    for (slot, own) in zip(Self.weights, stored) { inputs[slot] = own.weight }
    inputs += stored.flatMap { [$0.scale, $0.zeroPoint] }
    editor.model.graph.remove(id)
    editor.model.graph.add(EncodingNodes.quantizedMemory(node, inputs: inputs))
    editor.took(options.usesAllBits ? "int8 by channel" : "7 bits by channel", id)
  }

  /// A weight [directions, channels, inputs] as [directions, inputs, channels], a scale a channel.
  private mutating func store(
    _ name: String, _ dimensions: [Int], _ values: [Float]
  ) -> (weight: ValueID, scale: ValueID, zeroPoint: ValueID) {
    let (directions, channels, length) = (dimensions[0], dimensions[1], dimensions[2])
    var turned = [Float](repeating: 0, count: values.count)
    for direction in 0..<directions {
      let start = direction * channels * length
      for channel in 0..<channels {
        for index in 0..<length {
          turned[start + index * channels + channel] = values[start + channel * length + index]
        }
      }
    }
    let stored = StoredWeight(
      turned, BlockShape(outer: directions, length: length, inner: channels, block: length),
      options.grid)
    let scales = [directions, channels]
    return (
      editor.addConstant(
        "\(name)_int8", Tensor(.int8, [directions, length, channels], bytes: stored.integers)),
      editor.addConstant("\(name)_scale", Tensor(floats: stored.scales, scales)),
      editor.addConstant(
        "\(name)_zero_point",
        Tensor(.int8, scales, bytes: [UInt8](repeating: 0, count: directions * channels)))
    )
  }
}
