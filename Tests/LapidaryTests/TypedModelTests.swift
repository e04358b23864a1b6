import Lapidary
import TestSupport
import Testing

/// What `infer` writes: what follows from the inputs, and nothing that does not.
@Suite struct TypedModelTests {
  private func declared(_ model: Model, _ name: String) -> String? {
    let graph = model.graph
    return (graph.valueInfos + graph.outputs).first { graph[$0.value].name == name }?.type?
      .description
  }

  /// A Relu, whose result reads `hidden`, and its shape as the target of a Reshape.
  private func stale(_ hidden: [Int]) -> Model {
    var net = Network()
    let x = net.input("x", [Dimension(symbol: "N"), 2, 3])
    let h = net.node("Relu", "relu", [x])
    net.output(net.node("Neg", "neg", [h]), [1, 2, 3])
    net.graph.valueInfos = [ValueInfo(h, type: .tensor(TensorType(.float, hidden)))]
    return net.model()
  }

  @Test("A batch of 1 that was left over gives way to the free one, and so does a wrong number")
  func leftOver() throws {
    for hidden in [[1, 2, 3], [1, 5, 3]] {
      let typed = try TypedModel(stale(hidden))
      #expect(declared(typed.model, "relu_out") == "float[N,2,3]")
      #expect(declared(typed.model, "neg_out") == "float[N,2,3]")
      #expect(typed.replaced.count == 2, "\(typed.replaced)")
    }
    let check = ModelCheck(stale([1, 2, 3]))
    #expect(check.error == nil)
    #expect(check.warnings.count == 2)
    #expect(ModelCheck(stale([1, 5, 3])).error != nil)
  }

  @Test("Passes neither believe what is left over nor leave it in the file")
  func passes() throws {
    var net = Network()
    let x = net.input("x", [Dimension(symbol: "N"), 2, 3])
    let h = net.node("Relu", "relu", [x])
    let n = net.node(
      "Gather", "n",
      [
        net.node("Shape", "shape", [h]), net.constant("zero", Tensor(int64: [0], [1])),
      ])
    let target = net.node(
      "Concat", "target", [n, net.constant("rest", Tensor(int64: [-1], [1]))],
      [Attribute("axis", .int(0))])
    net.output(net.node("Reshape", "reshape", [h, target]), [Dimension(symbol: "N"), 6])
    net.graph.valueInfos = [ValueInfo(h, type: .tensor(TensorType(.float, [1, 2, 3])))]
    var model = net.model()
    _ = try PassManager(try Simplify.passes()).run(&model)
    #expect(declared(model, "relu_out") != "float[1,2,3]")
    let input = Tensor(floats: (0..<12).map(Float.init), [2, 2, 3])
    let result = try Session(model, options: SessionOptions()).run(["x": input])
    #expect(result["reshape_out"]?.dimensions == [2, 6])
  }

  @Test("A type without an element type is not declared")
  func undefined() throws {
    var net = Network()
    let x = net.input("x", [2, 2])
    let a = net.nodes("Odd", "odd", [x], domain: "my.domain", outputs: 1)[0]
    let b = net.node("Reshape", "flat", [a, net.constant("four", Tensor(int64: [4], [1]))])
    net.output(net.node("Relu", "relu", [b]), [4])
    let typed = try TypedModel(net.model())
    #expect(typed.model.graph.valueInfos.isEmpty)
    #expect(typed.untyped == ["odd_out", "flat_out"])
  }

  @Test("A length that holds for some batches only is not inferred")
  func everyBinding() throws {
    var net = Network()
    let x = net.input("x", [Dimension(symbol: "B"), 3])
    let condition = net.constant("c", Tensor(.bool, [1, 1], Storage([UInt8(1)])))
    let zeros = net.constant("z", Tensor(floats: [0, 0, 0, 0, 0, 0], [2, 3]))
    net.output(net.node("Where", "where", [condition, x, zeros]), [Dimension(symbol: "B"), 3])
    let typed = try TypedModel(net.model())
    #expect(declared(typed.model, "where_out") == "float[2,3]")
  }
}
