import IR
import Passes
import TestSupport
import Testing

/// `as_strided` as PyTorch's exporter spells it.
extension FusionRuleTests {
  /// Flattens x and gathers `n`·`steps[0]` + column·`steps[1]`, the batch from a Range.
  private func strided(_ net: inout Network, _ steps: [Int]) {
    let x = net.input("x", [.init(symbol: "N"), 5, 1, 1])
    let first = net.graph.addInitializer("first", Tensor(int64: [0], []))
    let one = net.graph.addInitializer("one", Tensor(int64: [1], []))
    let step = net.graph.addInitializer("step", Tensor(int64: [steps[0]], []))
    let flat = net.graph.addInitializer("flat", Tensor(int64: [-1], [1]))
    let axes = net.graph.addInitializer("axes", Tensor(int64: [1, 2, 3], [3]))
    let columns = net.graph.addInitializer(
      "columns", Tensor(int64: (0..<5).map { $0 * steps[1] }, [1, 5, 1, 1]))
    let y = net.node("Relu", "relu", [x])
    let shape = net.node("Shape", "shape", [x], [Attribute("end", .int(1))])
    let count = net.node("Squeeze", "squeeze", [shape])
    let range = net.node("Range", "range", [first, count, one])
    let rows = net.node("Unsqueeze", "rows", [net.node("Mul", "mul", [range, step]), axes])
    let places = net.node("Add", "add", [rows, columns])
    let all = net.node("Reshape", "reshape", [y, flat])
    net.output(net.node("Gather", "gather", [all, places]))
  }

  @Test("A Gather of all elements in their order goes, and one in another order stays")
  func stridedGather() throws {
    try expect(["Relu"], only: ["unwrap-strided-gather", "remove-dead-code"]) { net in
      strided(&net, [5, 1])
    }
    for steps in [[1, 1], [5, 0]] {
      var net = Network()
      strided(&net, steps)
      let pass = try Simplification(FusionOptions(only: ["unwrap-strided-gather"]))
      let (model, _) = try apply(pass, to: net.model(opset: 17))
      #expect(model.operators.contains("Gather"))
    }
  }
}
