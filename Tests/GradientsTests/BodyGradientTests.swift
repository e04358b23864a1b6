import Execution
import Foundation
import Gradients
import IR
import ONNXFile
import OneDNN
import Operators
import TestSupport
import Testing

/// Models that run graphs in their nodes, which `Fixtures/gradients/make.py` writes.
@Suite("Gradients through bodies")
struct BodyGradientTests {
  private static let folder = Repository.fixture("gradients")

  static var names: [String] {
    get throws {
      try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".onnx") }
        .sorted()
    }
  }

  @Test("Derivatives are those of central differences", arguments: try names, [true, false])
  func derivatives(_ name: String, isPortable: Bool) throws {
    let check = try GradientCheck(file: "\(Self.folder)/\(name)", isPortable: isPortable)
    let worst = try #require(try check.worst())
    #expect(worst.error < 1e-7, "\(worst)")
  }

  @Test("The derivatives' derivatives are those of central differences too")
  func twice() throws {
    for name in ["scan_1001", "loop_while", "if_in_loop"] {
      var model = try ONNXFile.read("\(Self.folder)/\(name).onnx")
      var inputs: [String: Tensor] = [:]
      for info in model.graph.inputs {
        inputs[model.graph[info.value].name] = model.graph[info.value].initializer
        model.graph.setInitializer(info.value, nil)
      }
      let first = try GradientGraph(of: model, by: ["w"])
      var once = first.model
      // The cotangents are inputs of it, of the outputs' shapes.
      let plain = try Session(model, options: SessionOptions(backend: .reference)).run(inputs)
      for info in model.graph.outputs {
        let output = model.graph[info.value].name
        guard let tensor = plain[output], tensor.elementType == .double else { continue }
        let numbers = (0..<tensor.count).map { Double($0 % 5) / 3 - 0.5 }
        inputs["\(output)_cotangent"] = Tensor(.double, tensor.dimensions, Storage(numbers))
      }
      let wanted = try #require(once.graph.outputs.last)
      once.graph.setOutputs([wanted])
      try once.graph.rename(wanted.value, to: "once")
      let worst = try #require(try GradientCheck(name, once, at: inputs, isPortable: true).worst())
      #expect(worst.error < 1e-6, "\(name): \(worst)")
    }
  }

  @Test("What a body cannot pass is named")
  func obstacle() throws {
    var body = Graph(name: "body")
    let state = body.addFreshValue("s"), next = body.addFreshValue("t")
    let type = ValueType.tensor(TensorType(.double, [2, 2]))
    let leading = [
      ValueInfo(body.addFreshValue("i"), type: .tensor(TensorType(.int64, []))),
      ValueInfo(body.addFreshValue("c"), type: .tensor(TensorType(.bool, []))),
    ]
    body.setInputs(leading + [ValueInfo(state, type: type)])
    let flat = body.addFreshValue("d"), on = body.addFreshValue("on")
    body.add(Node("Det", name: "size", inputs: [state], outputs: [flat]))
    body.add(Node("Mul", inputs: [state, flat], outputs: [next]))
    body.add(Node("Identity", inputs: [leading[1].value], outputs: [on]))
    body.setOutputs([ValueInfo(on, type: leading[1].type), ValueInfo(next, type: type)])
    var graph = Graph(name: "g")
    let x = graph.addFreshValue("x"), y = graph.addFreshValue("y")
    graph.addInput(ValueInfo(x, type: type))
    let runs = graph.addInitializer("runs", Tensor(int64: [2], []))
    graph.add(
      Node(
        "Loop", name: "twice", inputs: [runs, nil, x], outputs: [y],
        attributes: [Attribute("body", .graph(body))]))
    graph.addOutput(ValueInfo(y, type: type))
    let found = try GradientGraph(of: Model(graph: graph), by: ["x"])
    #expect(found.names.isEmpty)
    #expect(found.blocked == ["x"])
    #expect(
      found.obstacles == [
        "Loop 'twice': in its body, Det 'size': its derivative is not written"
      ])
  }
}
