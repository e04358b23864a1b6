import IR
import Passes
import TestSupport
import Testing

/// Widths of groups whose channels are parts of one weight.
extension PruningMovementTests {
  @Test("Groups that make up the same weight are rounded together")
  func roundingTogether() throws {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4])
    let a = net.conv("conv1", x, 3, 6)
    let parts = net.nodes(
      "Split", "split", [a, net.integers("sizes", [1, 1, 1, 1, 1, 1])], axis1, outputs: 6)
    for (number, part) in parts.enumerated() {
      let other = net.conv("other\(number)", x, 3, 3)
      let joined = net.node("Concat", "join\(number)", [part, other], axis1)
      net.output(net.conv("end\(number)", joined, 4, 2))
    }
    let all = try prune(net.model())
    #expect(all.model.constant("conv1.w")?.dimensions[0] == 6, "an output of Split would be empty")

    var two = Network()
    let y = two.input("x", [1, 3, 4, 4])
    let long = two.conv("long", y, 3, 6), short = two.conv("short", y, 3, 3)
    let halves = two.nodes(
      "Split", "split", [long, two.integers("sizes", [3, 3])], axis1, outputs: 2)
    two.output(two.conv("end1", two.node("Add", "add", [halves[0], short]), 3, 2))
    two.output(two.conv("end2", halves[1], 3, 2))
    let result = try prune(two.model())
    // 1.5 of 3 and 1.5 of 3: 2 and then 1.
    #expect(result.model.constant("short.w")?.dimensions[0] == 2)
    #expect(result.model.constant("long.w")?.dimensions[0] == 3)
  }

  @Test("Groups whose channels are one or two of the same weight add up to its width")
  func unequalShares() throws {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4])
    let a = net.conv(
      "conv1", x, 3, 16,
      strengths: [1, 10, 1, 10, 1, 1, 10, 1, 10, 1, 10, 10, 10, 10, 1, 1])
    let parts = net.nodes(
      "Split", "split", [a, net.integers("sizes", [5, 5, 6])], axis1, outputs: 3)
    let product = net.node("Mul", "mul", [parts[0], parts[1]])
    net.output(net.conv("conv2", net.node("Concat", "join", [product, parts[2]], axis1), 11, 2))
    let result = try prune(net.model())
    // 2 of 5 pairs and 3 of 6 make 7 channels of 16; one more of the six makes 8.
    #expect(result.plan.kept("conv1.w") == [1, 3, 6, 8, 10, 11, 12, 13])
    #expect(result.plan.kept("conv2.w", axis: 1) == [1, 3, 5, 6, 7, 8])
  }
}
