import IR
import Operators
import Rewriting
import Testing

/// Nodes that rules put together before they change a graph.
@Suite("Patches") struct PatchTests {
  /// `y = relu(x)` of a matrix, and a constant of the given shape.
  private func net(_ shape: [Int]) throws -> (net: Rewriter, x: ValueID, w: ValueID, node: NodeID) {
    var graph = Graph(name: "g")
    let x = graph.addFreshValue("x")
    graph.addInput(ValueInfo(x, type: .tensor(TensorType(.float, [2, 3]))))
    let w = graph.addInitializer(
      "w", Tensor(floats: [Float](repeating: 1, count: shape.reduce(1, *)), shape))
    let y = graph.addFreshValue("y")
    let node = graph.add(Node("Relu", name: "act", inputs: [x], outputs: [y]))
    graph.addOutput(ValueInfo(y, type: nil))
    let model = Model(graph: graph, opset: 17)
    let net = Rewriter(
      try inferTypes(model), in: model, operatorSets: [], folder: ConstantFolder(spareBytes: 0),
      outer: Scope())
    return (net, x, w, node)
  }

  @Test("Operands that do not go together leave the graph as it was")
  func operands() throws {
    var (net, x, w, node) = try net([4, 5])
    var patch = net.patch(before: node)
    let product = patch.add("MatMul", [net.term(x), net.term(w)], stem: "x_product")
    _ = patch.add("Neg", [product], stem: "x_negated")
    #expect(patch.refusal?.contains("MatMul 'x_product'") == true)
    #expect(net.place(patch) == nil)
    let refusal = net.join(patch, as: node, "Abs", [product])
    #expect(refusal == patch.refusal)
    #expect(net.graph.nodeCount == 1 && net.graph[node].type == "Relu")
  }

  @Test("A result of another shape does not join")
  func result() throws {
    var (net, x, w, node) = try net([3, 5])
    let patch = net.patch(before: node)
    let refusal = net.join(patch, as: node, "MatMul", [net.term(x), net.term(w)])
    #expect(refusal == "MatMul would give float[2,5] where float[2,3] is wanted")
    #expect(net.graph[node].type == "Relu" && net.graph[node].inputs == [x])
  }

  @Test("An operator that the opset has not is refused, as is what contradicts the rule")
  func unknown() throws {
    var (net, x, _, node) = try net([3, 3])
    var patch = net.patch(before: node)
    _ = patch.add("RMSNormalization", [net.term(x), net.term(x)], stem: "x_normalized")
    #expect(patch.refusal?.contains("opset 17") == true)
    var other = net.patch(before: node)
    _ = other.add("Neg", [net.term(x)], stem: "n", expecting: TensorType(.float, [3, 2]))
    #expect(other.refusal == "Neg would give float[2,3] where float[3,2] is wanted")
    #expect(net.place(other) == nil && net.graph.nodeCount == 1)
  }

  @Test("What goes together joins, typed, under names derived from the old ones")
  func joined() throws {
    var (net, x, w, node) = try net([3, 3])
    var patch = net.patch(before: node)
    let product = patch.add("MatMul", [net.term(x), net.term(w)], stem: "x")
    #expect(product.type == TensorType(.float, [2, 3]))
    let bias = patch.constant(Tensor(floats: [1, 2, 3], [3]), stem: "w")
    #expect(net.join(patch, as: node, "Add", [product, bias]) == nil)
    let graph = try net.finish()
    let names = graph.nodeIDs.map { graph[$0].name ?? "" }
    #expect(graph.nodeIDs.map { graph[$0].type } == ["MatMul", "Add"])
    #expect(names == ["act/matmul", "act"])
    let inputs = graph[try #require(graph.nodeIDs.last)].inputs.compactMap { $0 }
    #expect(inputs.map { graph[$0].name } == ["x_2", "w_2"])
    #expect(graph[inputs[0]].tensorType == TensorType(.float, [2, 3]))
  }
}
