import IR
import TestSupport

/// Values by what makes them, where the names of nodes do not matter.
extension Network {
  /// An input of floats whose shape is open.
  mutating func input(_ name: String, rank: Int) -> ValueID {
    input(name, [Dimension](repeating: .unknown, count: rank))
  }

  /// An input of a type.
  mutating func input(_ name: String, _ type: TensorType) -> ValueID {
    let value = graph.addFreshValue(name)
    graph.addInput(ValueInfo(value, type: .tensor(type)))
    return value
  }

  /// A constant of floats that follow from its place.
  mutating func weight(_ shape: [Int]) throws -> ValueID {
    let seed = 101 + graph.initializers.count
    return graph.addInitializer("w\(seed)", try floats(shape, seed: UInt64(seed)))
  }

  /// A constant.
  mutating func constant(_ tensor: Tensor) -> ValueID { graph.addInitializer("c", tensor) }

  /// A constant of one element.
  mutating func number(_ value: Float) -> ValueID { constant(Tensor(floats: [value], [])) }

  /// A node with one output, called `TYPE_out` if it is the first of its type.
  mutating func add(_ type: String, _ inputs: ValueID..., attributes: [Attribute] = []) -> ValueID {
    add(type, optional: inputs, outputs: 1, attributes: attributes)[0]
  }

  /// A node with inputs that may be left out, and several outputs.
  mutating func add(
    _ type: String, optional inputs: [ValueID?], outputs: Int, attributes: [Attribute] = []
  ) -> [ValueID] {
    let isFirst = graph.value(named: "\(type)_out") == nil
    let name = isFirst ? type : "\(type)_\(graph.nodeIDs.count)"
    return nodes(type, name, inputs, attributes, outputs: outputs)
  }

  /// The model with these outputs, whose types are left open.
  mutating func model(_ outputs: ValueID..., opset: Int = 17) -> Model {
    for value in outputs { output(value) }
    return model(opset: opset)
  }
}
