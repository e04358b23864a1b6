import Execution
import IR
import Samples
import TestSupport

/// A graph under construction, for tests: values by what makes them.
struct GraphSketch {
  private(set) var graph = Graph(name: "sketch")
  private var seed: UInt64 = 100

  /// An input of floats whose shape is open.
  mutating func input(_ name: String, rank: Int) -> ValueID {
    let value = graph.addFreshValue(name)
    let shape = Shape([Dimension](repeating: .unknown, count: rank))
    graph.addInput(ValueInfo(value, type: .tensor(TensorType(.float, shape))))
    return value
  }

  /// An input of a type.
  mutating func input(_ name: String, _ type: TensorType) -> ValueID {
    let value = graph.addFreshValue(name)
    graph.addInput(ValueInfo(value, type: .tensor(type)))
    return value
  }

  /// A constant of floats that follow from its place.
  mutating func weight(_ shape: [Int]) throws -> ValueID {
    seed += 1
    return graph.addInitializer("w\(seed)", try floats(shape, seed: seed))
  }

  /// A constant.
  mutating func constant(_ tensor: Tensor) -> ValueID {
    seed += 1
    return graph.addInitializer("c\(seed)", tensor)
  }

  /// A constant of one element.
  mutating func number(_ value: Float) -> ValueID { constant(Tensor(floats: [value], [])) }

  /// A node with one output.
  mutating func add(_ type: String, _ inputs: ValueID..., attributes: [Attribute] = []) -> ValueID {
    let result = graph.addFreshValue("\(type)_out")
    graph.add(Node(type, inputs: inputs, outputs: [result], attributes: attributes))
    return result
  }

  /// A node with inputs that may be left out, and several outputs.
  mutating func add(
    _ type: String, optional inputs: [ValueID?], outputs: Int, attributes: [Attribute] = []
  ) -> [ValueID] {
    let results = (0..<outputs).map { graph.addFreshValue("\(type)_out\($0)") }
    graph.add(Node(type, inputs: inputs, outputs: results, attributes: attributes))
    return results
  }

  /// Makes a value an output.
  mutating func output(_ value: ValueID) { graph.addOutput(ValueInfo(value, type: nil)) }

  /// The model with these outputs.
  mutating func model(_ outputs: ValueID..., opset: Int = 17) -> Model {
    for value in outputs { output(value) }
    return Model(graph: graph, opset: opset)
  }
}

/// Who computes in tests that ask both.
let bothBackends: [BackendChoice] = [.accelerated, .reference]

/// The largest difference between the backends' outputs, relative to each one's largest magnitude.
func difference(_ model: Model, _ inputs: [String: Tensor]) throws -> Double {
  let a = try Session(model, options: SessionOptions(backend: .reference)).run(inputs)
  let b = try Session(model).run(inputs)
  var worst = 0.0
  for (name, reference) in a {
    guard let candidate = b[name] else { throw ModelError(.request, "no output '\(name)'") }
    worst = max(worst, try Comparison(reference: reference, candidate: candidate).maxRelative)
  }
  return worst
}

/// The steps that a session runs.
func steps(_ model: Model, _ inputs: [String: Tensor]) throws -> [String] {
  try Session(model).profile(inputs, runs: 1).map(\.name).sorted()
}
