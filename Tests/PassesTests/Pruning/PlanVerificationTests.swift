import IR
import Passes
import TestSupport
import Testing

/// Plans checked against models by code that cuts nothing: sound ones pass, each fault is named.
@Suite struct PlanVerificationTests {
  private func network() -> Model {
    var net = Network()
    let x = net.input("x", [1, 3, 6, 6])
    let a = net.conv("conv1", x, 3, 8, kernel: 3, strengths: [1, 9, 9, 1, 9, 1, 1, 9])
    let b = net.conv("group", net.node("Relu", "relu", [a]), 8, 8, group: 2)
    let flat = net.node("Flatten", "flat", [net.node("GlobalAveragePool", "pool", [b])])
    let e = net.node("Unsqueeze", "rows", [net.gemm("fc1", flat, 8, 8), net.integers("axes", [1])])
    let f = net.node(
      "LayerNormalization", "norm", [e, net.trained("scale", [8]), net.trained("shift", [8])])
    // Two activations multiplied: a proof without a weight.
    let q = net.node("MatMul", "q", [f, net.trained("q.w", [8, 6])])
    let k = net.node("MatMul", "k", [f, net.trained("k.w", [8, 6])])
    let turned = net.node("Transpose", "turn", [k], [Attribute("perm", .ints([0, 2, 1]))])
    net.output(net.node("MatMul", "qk", [q, turned]))
    return net.model()
  }

  private func problems(
    _ change: (inout Model, inout PruningPlan) throws -> Void = { _, _ in }
  ) throws -> [String] {
    let result = try Pruner(network(), PruningOptions(target: .ratio(0.5))).prune(modelHash: "h")
    var pruned = result.model
    var plan = try PruningPlan(json: result.plan.json())
    plan.certificate = .init(seed: 0, tolerance: 1e-4, difference: 0, output: "o")
    try change(&pruned, &plan)
    let report = try PlanVerification().check(network(), hash: "h", pruned, output: "o", plan)
    if report.problems.isEmpty {
      #expect(report.sliced == 10)
      #expect(try #require(report.difference) < 1e-4)
    }
    return report.problems
  }

  @Test("A sound plan has no problems")
  func sound() throws {
    #expect(try problems().isEmpty)
  }

  @Test("A bias that is cut for one of its readers stays whole for the other, under another name")
  func sharedBias() throws {
    var net = Network()
    let bias = net.trained("bias", [8])
    let x = net.input("x", [1, 3, 6, 6])
    let a = net.node("Conv", "first", [x, net.trained("first.w", [8, 3, 1, 1]), bias])
    let weight = net.trained("second.w", [8, 8, 1, 1])
    net.output(net.node("Conv", "second", [net.node("Relu", "relu", [a]), weight, bias]))
    let model = net.model()
    let result = try Pruner(model, PruningOptions(target: .ratio(0.5))).prune(modelHash: "h")
    let lengths = try ["first", "second"].map { try result.model.constant(of: $0, 2)?.dimensions }
    #expect(lengths == [[4], [8]])
    let check = PlanVerification()
    let plan = result.plan
    #expect(
      try check.check(model, hash: "h", result.model, output: "o", plan).problems.isEmpty)

    var changed = result.model
    let node = try changed.node("second")
    let whole = try #require(node.inputs[2])
    let name = changed.graph[whole].name
    changed.graph.setInitializer(whole, Tensor(floats: [Float](repeating: 7, count: 8), [8]))
    #expect(
      try check.check(model, hash: "h", changed, output: "o", plan).problems.contains(
        "weight '\(name)' is not the original's, and the plan does not name it"))
  }

  @Test("Hashes of other models are named")
  func hashes() throws {
    #expect(
      try problems { $1.model = "other" } == ["the plan was made for model other, this one is h"])
    #expect(
      try problems { $1.certificate?.output = "x" }
        == ["the certificate is about model x, the cut one is o"])
  }

  @Test(
    "Each planted fault is seen: an index, a group's columns, a weight, a mask that is left out")
  func faults() throws {
    func edit(
      _ plan: inout PruningPlan, _ weight: String, _ axis: Int,
      _ body: (inout PruningPlan.Slice) -> Void
    ) throws {
      let place = try #require(
        plan.weights.firstIndex { $0.weight == weight && $0.axis == axis })
      body(&plan.weights[place])
    }
    let index = try problems { _, plan in
      try edit(&plan, "conv1.w", 0) { slice in
        let free = (0..<slice.length).first { !slice.kept[0].contains($0) }!
        slice.kept[0] = (slice.kept[0].dropFirst() + [free]).sorted()
      }
    }
    #expect(
      index == ["weight 'conv1.w' is not the slice of 'conv1.w' that the plan names"])
    let columns = try problems { _, plan in
      try edit(&plan, "group.w", 1) { $0.kept.swapAt(0, 1) }
    }
    #expect(columns.first?.hasPrefix("weight 'group.w' is not the slice") == true)
    let other = try problems { pruned, _ in
      let value = try #require(pruned.graph.value(named: "q.w"))
      let tensor = try #require(pruned.graph[value].initializer)
      var floats = try #require(tensor.floats)
      floats[0] += 1
      pruned.graph.setInitializer(value, Tensor(floats: floats, tensor.dimensions))
    }
    #expect(other.count == 2 && other[0].contains("'q.w'") && other[1].contains("output"))
    let mask = try problems { _, plan in
      plan.proof.removeAll { $0.node == "qk_out" }
    }
    #expect(mask.count == 1 && mask[0].contains("output"))
    let foreign = try problems { _, plan in
      plan.proof[0].axis = 0
    }
    #expect(foreign.count == 1 && foreign[0].contains("does not sum over axis 0"))
  }
}
