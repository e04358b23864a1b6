import Execution
import Foundation
import Gradients
import IR
import ONNXFile
import OneDNN
import Operators
import Samples
import TestSupport
import Testing

/// Operators that are differentiated through others: these compute the same, and have the derivatives of
/// central differences.
@Suite("Operators spelled out")
struct SpelledOutTests {
  private static let folder = Repository.fixture("microsoft")
  private static let reference = SessionOptions(backend: .reference, threads: 1)

  /// A folder with more cases, such as those that `Fixtures/conformance/generate_cases.py` writes.
  private static let further = ProcessInfo.processInfo.environment["LAPIDARY_CASES"]
    .map { "\($0)/node" }

  @Test("Further cases compute what they are spelled out as", .enabled(if: further != nil))
  func furtherCases() throws {
    let folder = try #require(Self.further)
    var count: [String: Int] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() {
      var model = try ONNXFile.read("\(folder)/\(name)/model.onnx")
      guard model.graph.nodeCount == 1, model.functions.isEmpty, model.opset() ?? 0 <= 28,
        let id = model.graph.nodeIDs.first
      else { continue }
      for (index, info) in model.graph.inputs.enumerated() {
        let path = "\(folder)/\(name)/test_data_set_0/input_\(index).pb"
        guard case .tensor(let tensor)? = try? ONNXFile.readValue(path, as: info.type) else {
          continue
        }
        model.graph.setInitializer(info.value, tensor)
      }
      // Axes that are inputs count as known.
      model.graph.defaultsAreConstant = true
      guard let spelled = try? SpelledOut(model, id) else { continue }
      let type = model.graph[id].inputs[0].flatMap { model.graph[$0].tensorType?.elementType }
      guard type == .float || type == .double else { continue }
      count["\(model.graph[id].op)", default: 0] += 1
      try compare(name, model, spelled)
      if type == .float { _ = try differentiate(name, model, spelled) }
    }
    print(count.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" })
    #expect(count.count > 3)
  }

  /// Cases of one node that is spelled out.
  private static func cases() throws -> [(name: String, model: Model, spelled: SpelledOut)] {
    try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".onnx") }
      .sorted().compactMap { name in
        let model = try ONNXFile.read("\(folder)/\(name)")
        guard let id = model.graph.nodeIDs.first, model.graph.nodeCount == 1,
          let spelled = try SpelledOut(model, id)
        else { return nil }
        return (name, model, spelled)
      }
  }

  /// What the node's operands are in a case.
  private static func operands(_ model: Model, _ spelled: SpelledOut) -> [String: Tensor] {
    let graph = model.graph
    let given = graph.nodeIDs.first.map { graph[$0].inputs.compactMap { $0 } } ?? []
    var inputs: [String: Tensor] = [:]
    for (info, value) in zip(spelled.model.graph.inputs, given) {
      inputs[spelled.model.graph[info.value].name] = graph[value].initializer
    }
    return inputs
  }

  @Test("com.microsoft's operators compute what they are spelled out as")
  func microsoft() throws {
    let cases = try Self.cases()
    #expect(cases.count > 25)
    for (name, model, spelled) in cases {
      try compare(name, model, spelled)
    }
  }

  private func compare(_ name: String, _ model: Model, _ spelled: SpelledOut) throws {
    let node = try #require(model.graph.nodeIDs.first.map { model.graph[$0] })
    let plain = try Session(model, options: Self.reference).run([:])
    let results = try Session(spelled.model, options: Self.reference)
      .run(Self.operands(model, spelled))
    let names = node.outputs.compactMap { $0 }.map { model.graph[$0].name }
    for (output, info) in zip(names, spelled.model.graph.outputs) {
      let own = try #require(results[spelled.model.graph[info.value].name])
      guard let wanted = plain[output], wanted.elementType.isFloatingPoint else { continue }
      let wrong = try Comparison.mismatches(
        reference: wanted, candidate: own, relative: 1e-4, absolute: 1e-5)
      #expect(wrong == 0, "\(name): \(output)")
    }
  }

  @Test("The derivatives of com.microsoft's operators are those of central differences")
  func microsoftDerivatives() throws {
    for (name, model, spelled) in try Self.cases() {
      #expect(try differentiate(name, model, spelled), "\(name)")
    }
  }

  /// Compares derivatives in double; false where the case cannot be run so, as where a body says float.
  private func differentiate(
    _ name: String, _ model: Model, _ spelled: SpelledOut
  ) throws -> Bool {
    var wide = spelled.model
    let graph = wide.graph
    for id in graph.initializers where graph[id].initializer?.elementType == .float {
      wide.graph.setInitializer(id, graph[id].initializer.flatMap(Self.widened))
    }
    for (place, info) in graph.inputs.enumerated() {
      guard case .tensor(let type)? = info.type, type.elementType == .float else { continue }
      wide.graph.setInputType(place, .tensor(TensorType(.double, type.shape)))
    }
    for place in graph.outputs.indices { wide.graph.setOutputType(place, nil) }
    for value in graph.valueIDs where !graph.isInput(value) && graph[value].initializer == nil {
      wide.graph.setType(value, nil)
    }
    let inputs = Self.operands(model, spelled).mapValues { Self.widened($0) ?? $0 }
    var check = GradientCheck(name, wide, at: inputs)
    check.limit = 30
    guard let worst = try check.worst() else { return false }
    #expect(worst.error < 1e-5, "\(name): \(worst)")
    return true
  }

  private static func widened(_ tensor: Tensor) -> Tensor? {
    guard tensor.elementType == .float, let numbers = tensor.doubles else { return nil }
    return Tensor(.double, tensor.dimensions, Storage(numbers))
  }

  @Test("Attention of random shapes and options", arguments: 1...40)
  func attention(seed: UInt64) throws {
    var drawn = RandomAttention(seed)
    let (model, inputs) = drawn.drawn()
    let id = try #require(model.graph.nodeIDs.first)
    let spelled = try #require(try SpelledOut(model, id))
    let plain = try Session(model, options: Self.reference).run(inputs)
    let given = Dictionary(
      uniqueKeysWithValues: zip(spelled.model.graph.inputs, drawn.order).compactMap { info, name in
        inputs[name].map { (spelled.model.graph[info.value].name, $0) }
      })
    let results = try Session(spelled.model, options: Self.reference).run(given)
    for (a, b) in zip(model.graph.outputs, spelled.model.graph.outputs) {
      let wanted = try #require(plain[model.graph[a.value].name]?.doubles)
      let own = try #require(results[spelled.model.graph[b.value].name]?.doubles)
      #expect(
        zip(wanted, own).allSatisfy { $0 == $1 || abs($0 - $1) < 1e-10 },
        "seed \(seed): \(drawn.text)")
    }
    let worst = try #require(try GradientCheck("Attention", model, at: inputs).worst())
    #expect(worst.error < 1e-6, "seed \(seed): \(drawn.text): \(worst)")
  }
}
