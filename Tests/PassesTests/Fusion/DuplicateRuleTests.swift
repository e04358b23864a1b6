import IR
import Passes
import TestSupport
import Testing

/// What is there twice.
extension FusionRuleTests {
  @Test("Equal nodes and equal constants become one")
  func duplicates() throws {
    let model = try expect(["Mul", "Add"]) { net in
      let x = net.input("x", [2, 4])
      let a = net.constant("a", Tensor(floats: [1, 2, 3, 4], [4]))
      let b = net.constant("b", Tensor(floats: [1, 2, 3, 4], [4]))
      let y = net.node("Mul", "y", [x, a]), z = net.node("Mul", "z", [x, b])
      net.output(net.node("Add", "out", [y, z]))
    }
    #expect(model.graph.initializers.count == 1)
  }
}
