import IR
import Operators
import Passes
import TestSupport
import Testing

/// What `fuse` makes of functions that are spelled out; sessions are tested on the same catalogue in
/// `SpelledOutTests`.
@Suite struct SpellingTests {
  private func softplus(_ one: Tensor, rank: Int = 2) -> Model {
    var net = Network()
    let x = net.input("x", Array([2, 3, 4].prefix(rank)))
    let sum = net.node("Add", "s", [net.node("Exp", "e", [x]), net.constant("one", one)])
    net.output(net.node("Log", "y", [sum]))
    return net.model()
  }

  @Test func softplusIsOneOperator() throws {
    let (result, _) = try apply(
      try rules("fuse-functions", "remove-dead-code"), to: softplus(Tensor(floats: [1], [])))
    #expect(result.operators == ["Softplus"])
  }

  @Test("A constant of more axes than the operand stays apart, with the reason")
  func ranks() throws {
    let (result, report) = try apply(
      try rules("fuse-functions"), to: softplus(Tensor(floats: [1], [1, 1, 1])))
    #expect(result.operators == ["Exp", "Add", "Log"])
    #expect(report.declined.map(\.text) == ["'one' has more axes than its input"])
  }

  @Test func mishIsOneOperatorHoweverItsSoftplusIsSpelled() throws {
    for isSpelled in [false, true] {
      var net = Network()
      let x = net.input("x", [2, 3])
      let one = net.constant("one", Tensor(floats: [1], []))
      let inner =
        isSpelled
        ? net.node("Log", "l", [net.node("Add", "s", [one, net.node("Exp", "e", [x])])])
        : net.node("Softplus", "l", [x])
      net.output(net.node("Mul", "y", [net.node("Tanh", "t", [inner]), x]))
      let (result, _) = try apply(
        try rules("fuse-functions", "remove-dead-code"), to: net.model(opset: 18))
      #expect(result.operators == ["Mish"])
    }
  }

  @Test("A constant input of a normalisation that would add an axis stays apart")
  func normalizationOfHigherRank() throws {
    var net = Network()
    let x = net.input("x", [2, 8])
    let axes = [Attribute("axes", .ints([-1]))]
    let d = net.node("Sub", "d", [x, net.node("ReduceMean", "m", [x], axes)])
    let square = net.node("Pow", "q", [d, net.constant("two", Tensor(floats: [2], []))])
    let v = net.node("ReduceMean", "v", [square], axes)
    let sum = net.node("Add", "s", [v, net.constant("eps", Tensor(floats: [1e-5], [1, 1, 1]))])
    net.output(net.node("Div", "y", [d, net.node("Sqrt", "r", [sum])]))
    let proved = try Simplify.proved(net.model(), FusionOptions(), Verification())
    #expect(proved.rolledBack.isEmpty)
    #expect(!proved.model.operators.contains("LayerNormalization"))
  }
}
