import Execution
import Foundation
import Gradients
import IR
import ONNXFile
import OneDNN
import Operators

/// A model in double, and its gradients beside central differences.
struct GradientCheck {
  let op: String
  private let model: Model
  private let inputs: [String: Tensor]
  /// What to differentiate by.
  private let names: [String]
  /// Whether standard operators are to be used where they suffice.
  var isPortable = false
  /// How many elements of an input are moved at most, evenly spread.
  var limit = Int.max

  /// A model at a place.
  ///
  /// - Parameter inputs: a tensor for each input; those of doubles are differentiated by.
  init(_ name: String, _ model: Model, at inputs: [String: Tensor], isPortable: Bool = false) {
    op = name
    self.model = model
    self.inputs = inputs
    names = inputs.keys.filter { inputs[$0]?.elementType == .double }.sorted()
    self.isPortable = isPortable
  }

  /// A file whose initializers say where its inputs are differentiated.
  init(file: String, isPortable: Bool = false) throws {
    var model = try ONNXFile.read(file)
    var inputs: [String: Tensor] = [:]
    for info in model.graph.inputs {
      inputs[model.graph[info.value].name] = model.graph[info.value].initializer
      model.graph.setInitializer(info.value, nil)
    }
    self.init(file, model, at: inputs, isPortable: isPortable)
  }

  /// A conformance case; nil where nothing can be differentiated, or its shapes are large.
  ///
  /// - Parameter onlyFirst: whether the first input alone becomes one of doubles: others may have to
  ///   be of floats, such as the scales of Resize.
  init?(folder: String, onlyFirst: Bool = false) throws {
    var model = try ONNXFile.read("\(folder)/model.onnx")
    guard model.graph.nodeCount == 1, model.opset() ?? 0 >= 9, model.functions.isEmpty,
      let first = model.graph.nodeIDs.first
    else { return nil }
    op = model.graph[first].type
    model.graph.valueInfos = []
    var inputs: [String: Tensor] = [:]
    var names: [String] = []
    for (index, info) in model.graph.inputs.enumerated() {
      let path = "\(folder)/test_data_set_0/input_\(index).pb"
      guard let value = try? ONNXFile.readValue(path, as: info.type),
        case .tensor(var tensor) = value
      else { return nil }
      if [.float, .double].contains(tensor.elementType), index == 0 || !onlyFirst,
        let numbers = tensor.doubles
      {
        guard (1...400).contains(numbers.count) else { return nil }
        tensor = Tensor(.double, tensor.dimensions, Storage(numbers))
        names.append(model.graph[info.value].name)
      }
      inputs[model.graph[info.value].name] = tensor
      model.graph.setInputType(index, .tensor(tensor.type))
    }
    for index in model.graph.outputs.indices { model.graph.setOutputType(index, nil) }
    guard !names.isEmpty else { return nil }
    self.model = model
    self.inputs = inputs
    self.names = names
  }

  /// The largest difference, over the largest difference quotient; nil where there is no derivative.
  func worst() throws -> (name: String, error: Double)? {
    guard let typed = try? inferTypes(model), let id = typed.graph.nodeIDs.first,
      let op = typed.op(id)
    else { return nil }
    if case .none = op.gradient, typed.graph.nodeCount == 1 { return nil }
    let found = try GradientGraph(of: model, by: names, isPortable: isPortable)
    guard found.obstacles.isEmpty, !found.names.isEmpty else { return nil }
    let options = SessionOptions(backend: .reference, threads: 1)
    let session = try Session(model, options: options)
    guard let plain = try? session.run(inputs) else { return nil }
    var seeds: [String: Tensor] = [:]
    for info in model.graph.outputs {
      let name = model.graph[info.value].name
      guard let tensor = plain[name], tensor.elementType.isFloatingPoint else { continue }
      guard tensor.elementType == .double else { return nil }
      let numbers = (0..<tensor.count).map { (index: Int) -> Double in
        let remainder = (index * 37 + 11) % 23
        return Double(remainder) / 11.5 - 1
      }
      seeds[name] = Tensor(.double, tensor.dimensions, Storage(numbers))
    }
    var given = inputs
    for (name, seed) in seeds { given["\(name)_cotangent"] = seed }
    let results = try Session(found.model, options: options).run(given)
    var worst = (name: "", error: 0.0)
    for name in found.names {
      guard let own = results["\(name)_gradient"]?.doubles else { continue }
      let other = try quotients(session, name, seeds)
      let scale = max(other.compactMap { $0.map(abs) }.max() ?? 0, 1e-3)
      for case (let a, let b?) in zip(own, other) where !(abs(a - b) / scale <= worst.error) {
        worst = (name, abs(a - b) / scale)
      }
    }
    return worst
  }

  private func quotients(
    _ session: Session, _ name: String, _ seeds: [String: Tensor]
  ) throws -> [Double?] {
    guard let tensor = inputs[name], let numbers = tensor.doubles else { return [] }
    let step = 1e-6
    func outputs(_ index: Int, _ change: Double) throws -> [Double] {
      var moved = numbers
      moved[index] += change
      var given = inputs
      given[name] = Tensor(.double, tensor.dimensions, Storage(moved))
      let results = try session.run(given)
      return seeds.keys.sorted().flatMap { results[$0]?.doubles ?? [] }
    }
    let factors = seeds.keys.sorted().flatMap { seeds[$0]?.doubles ?? [] }
    // Differences first: a sum of all outputs would round them away.
    func change(_ above: [Double], _ below: [Double]) -> Double {
      zip(factors, zip(above, below)).reduce(0) { $0 + $1.0 * ($1.1.0 - $1.1.1) }
    }
    let middle = try outputs(0, 0)
    let stride = (numbers.count - 1) / limit + 1
    return try numbers.indices.map { index -> Double? in
      guard index % stride == 0 else { return nil }
      let above = try outputs(index, step), below = try outputs(index, -step)
      let right = change(above, middle) / step, left = change(middle, below) / step
      // Where both sides differ there is no derivative, and none where it jumps.
      guard abs(right - left) <= 1e-3 * max(1, abs(right), abs(left)), abs(right) < 1e4 else {
        return nil
      }
      return change(above, below) / (2 * step)
    }
  }
}
