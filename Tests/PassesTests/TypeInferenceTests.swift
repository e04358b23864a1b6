import IR
import Operators
import TestSupport
import Testing

/// Inference over whole graphs: what nodes say, what the file declares, and where they disagree.
@Suite struct TypeInferenceTests {
  private func shape(_ facts: TypedGraph, _ name: String) -> String? {
    facts.graph.value(named: name).flatMap { facts.graph[$0].tensorType?.description }
  }

  @Test("A declared type that contradicts the inferred one is an error that names both")
  func conflict() throws {
    for declared in [[1, 5, 4, 4], [1, 6, 4]] {
      var net = Network()
      let x = net.input("x", [1, 3, 4, 4])
      let a = net.conv("conv", x, 3, 6)
      net.output(net.node("Relu", "relu", [a]))
      net.graph.valueInfos = [ValueInfo(a, type: .tensor(TensorType(.float, declared)))]
      let error = #expect(throws: ModelError.self) {
        try inferTypes(net.model(), declared: .required)
      }
      let message = error?.message ?? ""
      #expect(error?.code == .invalid)
      #expect(message.contains("Conv 'conv'") && message.contains("'conv_out'"), "\(message)")
      #expect(message.contains("float[1,6,4,4]"), "\(message)")
      #expect(message.contains("\(TensorType(.float, declared))"), "\(message)")
    }
  }

  @Test("For passes the inferred shape holds against a declared one, and the facts say so")
  func advisoryShapes() throws {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4])
    let a = net.conv("conv", x, 3, 6)
    let y = net.node("Relu", "relu", [a])
    net.graph.addOutput(ValueInfo(y, type: .tensor(TensorType(.float, [6, 4]))))
    net.graph.valueInfos = [ValueInfo(a, type: .tensor(TensorType(.float, [1, 5, 4, 4])))]
    let facts = try inferTypes(net.model())
    #expect(shape(facts, "conv_out") == "float[1,6,4,4]")
    #expect(shape(facts, "relu_out") == "float[1,6,4,4]")
    #expect(
      facts.contradictions == [
        "Conv 'conv', value 'conv_out': expected float[1,6,4,4] from its inputs, found float[1,5,4,4] declared",
        "Relu 'relu', value 'relu_out': expected float[1,6,4,4] from its inputs, found float[6,4] declared",
      ])
    #expect(facts.graph.outputs[0].type?.description == "float[6,4]")
  }

  @Test("A length that nobody named is bound by the name that inference gives it")
  func openInputLengths() throws {
    var net = Network()
    let x = net.input("x", [.unknown, 3])
    net.output(net.node("Relu", "relu", [x]))
    #expect(shape(try inferTypes(net.model()), "relu_out") == "float[x_dim_0,3]")
    let bound = try inferTypes(net.model(), binding: ["x_dim_0": 5])
    #expect(shape(bound, "relu_out") == "float[5,3]")
    #expect(bound.graph.inputs[0].type?.description == "float[5,3]")
  }

  @Test("A declared element type that contradicts is an error too")
  func elementTypeConflict() throws {
    var net = Network()
    let x = net.input("x", [1, 3])
    let y = net.node("Relu", "relu", [x])
    net.graph.addOutput(ValueInfo(y, type: .tensor(TensorType(.int64, [1, 3]))))
    let error = #expect(throws: ModelError.self) { try inferTypes(net.model()) }
    #expect(error?.message.contains("int64[1,3]") == true)
  }

  @Test("An unknown operator leaves the declared type, and inference goes on behind it")
  func unknownOperator() throws {
    var net = Network()
    let x = net.input("x", [1, 3])
    let a = net.nodes("Magic", "magic", [x], domain: "com.example", outputs: 1)[0]
    net.graph.valueInfos = [ValueInfo(a, type: .tensor(TensorType(.float, [1, 7])))]
    net.output(net.node("Relu", "relu", [a]))
    let facts = try inferTypes(net.model())
    #expect(shape(facts, "magic_out") == "float[1,7]")
    #expect(shape(facts, "relu_out") == "float[1,7]")
    #expect(facts.unknown.map { facts.graph.label($0) } == ["com.example.Magic 'magic'"])
    net.graph.valueInfos = []
    let open = try inferTypes(net.model())
    #expect(open.graph.value(named: "relu_out").flatMap { open.graph[$0].tensorType?.shape } == nil)
  }

  @Test("A dynamic batch reaches the classifier through Flatten, and through Shape and Reshape")
  func dynamicBatch() throws {
    var net = Network()
    let x = net.input("x", [.init(symbol: "N"), 3, 4, 4])
    let a = net.conv("conv", x, 3, 6)
    let flat = net.node("Flatten", "flat", [a])
    net.output(net.gemm("fc1", flat, 96, 10))
    let length = net.node(
      "Gather", "batch",
      [net.node("Shape", "shape", [a]), net.constant("zero", Tensor(int64: [0], []))])
    let axes = net.integers("axes", [0])
    let target = net.node(
      "Concat", "target",
      [net.node("Unsqueeze", "one", [length, axes]), net.integers("rest", [-1])],
      [Attribute("axis", .int(0))])
    net.output(net.gemm("fc2", net.node("Reshape", "reshape", [a, target]), 96, 10))
    let facts = try inferTypes(net.model())
    #expect(shape(facts, "flat_out") == "float[N,96]")
    #expect(shape(facts, "reshape_out") == "float[N,96]")
    #expect(shape(facts, "fc1_out") == "float[N,10]")
    #expect(shape(facts, "fc2_out") == "float[N,10]")
    let bound = try inferTypes(net.model(), binding: ["N": 5])
    #expect(shape(bound, "fc2_out") == "float[5,10]")
  }

  @Test("A declared length completes one that does not follow, and none that the inputs leave free")
  func completion() throws {
    var net = Network()
    let x = net.input("x", [.unknown, 3])
    net.output(net.node("Relu", "relu", [x]), [7, 3])
    let places = net.node("NonZero", "places", [x])
    net.graph.addOutput(ValueInfo(places, type: .tensor(TensorType(.int64, [2, 7]))))
    let facts = try inferTypes(net.model())
    #expect(shape(facts, "relu_out") == "float[x_dim_0,3]")
    #expect(shape(facts, "places_out") == "int64[2,7]")
  }
}
