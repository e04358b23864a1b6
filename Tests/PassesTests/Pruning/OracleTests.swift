import IR
import Passes
import TestSupport
import Testing

/// Faults planted in a pruned model: the oracle must see each of them.
@Suite struct OracleTests {
  private func network() -> Model {
    var net = Network()
    let x = net.input("x", [1, 3, 6, 6])
    let a = net.conv("conv1", x, 3, 8, kernel: 3, strengths: [1, 9, 9, 1, 9, 1, 1, 9])
    let b = net.conv("group", net.node("Relu", "relu", [a]), 8, 8, group: 2)
    let c = net.conv("depth", b, 8, 8, kernel: 3, group: 8)
    let d = net.batchNormalization("bn", net.conv("conv2", c, 8, 6), 6)
    let flat = net.node("Flatten", "flat", [d])
    let e = net.gemm("fc1", flat, 216, 8)
    let rows = net.node("Unsqueeze", "rows", [e, net.integers("axes", [1])])
    let f = net.node(
      "LayerNormalization", "norm", [rows, net.trained("scale", [8]), net.trained("shift", [8])])
    net.output(net.node("MatMul", "fc2", [f, net.trained("fc2.w", [8, 3])]))
    return net.model()
  }

  /// The cut model and what it has to equal.
  private func cut() throws -> (masked: Model, pruned: Model, plan: PruningPlan) {
    let pruner = try Pruner(network(), PruningOptions(target: .ratio(0.5)))
    let result = try pruner.prune(verification: nil)
    #expect(result.difference == nil && result.unproved == nil)
    return (
      try Oracle(surgery: result.surgery).maskedOriginal(pruner.model), result.model, result.plan
    )
  }

  @Test("Without a fault the oracle agrees, and the mask is no trivial one")
  func sound() throws {
    let (masked, pruned, plan) = try cut()
    let difference = try #require(try Verification().check(masked, pruned))
    #expect(difference < 1e-4)
    #expect(
      Set(plan.weights.map(\.weight)).isSuperset(of: ["conv1.w", "group.w", "fc1.w", "scale"]))
    // What has fewer elements is masked: the activation of a large weight, the weight otherwise.
    #expect(masked.constant("fc1.w_masked") == nil)
    #expect(masked.graph.value(named: "flat_out_masked") != nil)
    #expect(masked.constant("conv2.w_masked") != nil)
    #expect(masked.graph.value(named: "depth_out_masked") == nil)
    // The original without masks gives something else: removal is visible in these outputs.
    expectFault(in: pruned, against: network())
  }

  private func expectFault(
    in pruned: Model, against masked: Model, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let error = #expect(throws: ModelError.self, sourceLocation: sourceLocation) {
      try Verification().check(masked, pruned)
    }
    #expect(
      error?.code == .verification, "\(String(describing: error))", sourceLocation: sourceLocation)
    #expect(error?.message.contains("fc2_out") == true, sourceLocation: sourceLocation)
  }

  /// The original's slices `indices` of a constant along an axis.
  private func slices(_ name: String, _ axis: Int, _ indices: [Int]) throws -> Tensor {
    let tensor = try #require(network().constant(name))
    let values = try #require(tensor.floats)
    let shape = tensor.dimensions
    let inner = shape[(axis + 1)...].reduce(1, *), outer = shape[..<axis].reduce(1, *)
    var result: [Float] = []
    for block in 0..<outer {
      for index in indices {
        let start = (block * shape[axis] + index) * inner
        result += values[start..<start + inner]
      }
    }
    var dimensions = shape
    dimensions[axis] = indices.count
    return Tensor(floats: result, dimensions)
  }

  private func replace(_ name: String, _ tensor: Tensor, in model: inout Model) throws {
    let old = try #require(model.constant(name))
    #expect(old.dimensions == tensor.dimensions && old != tensor, "\(name): the fault is one")
    model.graph.setInitializer(try #require(model.graph.value(named: name)), tensor)
  }

  @Test(
    "One wrong index in a consumer, a producer, a bias or a parameter",
    arguments: [
      ("conv1.w", 0), ("conv1.b", 0), ("group.b", 0), ("depth.w", 0), ("depth.b", 0),
      ("conv2.w", 1), ("conv2.b", 0), ("bn.scale", 0), ("bn.bias", 0), ("bn.mean", 0),
      ("bn.var", 0), ("fc1.w", 1), ("fc1.b", 0), ("scale", 0), ("shift", 0), ("fc2.w", 0),
    ])
  func wrongIndex(weight: String, axis: Int) throws {
    let (masked, pruned, plan) = try cut()
    var indices = try #require(plan.kept(weight, axis: axis))
    let before = try #require(network().constant(weight)?.dimensions[axis])
    // Where the weight is cut along another axis too, only its kept slices are compared.
    let other = plan.weights.contains { $0.weight == weight && $0.axis != axis }
    if other {
      var broken = pruned
      let tensor = try #require(pruned.constant(weight))
      try replace(weight, rotated(tensor, axis), in: &broken)
      return expectFault(in: broken, against: masked)
    }
    let place = try #require(
      indices.indices.first { !indices.contains((indices[$0] + 1) % before) })
    indices[place] = (indices[place] + 1) % before
    var broken = pruned
    try replace(weight, slices(weight, axis, indices), in: &broken)
    expectFault(in: broken, against: masked)
  }

  /// The tensor with its slices along an axis moved on by one place.
  private func rotated(_ tensor: Tensor, _ axis: Int) throws -> Tensor {
    let values = try #require(tensor.floats)
    let length = tensor.dimensions[axis]
    let inner = tensor.dimensions[(axis + 1)...].reduce(1, *)
    return Tensor(
      floats: values.indices.map { index in
        let place = index / inner % length
        return values[index + ((place + 1) % length - place) * inner]
      }, tensor.dimensions)
  }

  @Test("Columns of the second group taken at the first group's places")
  func groupOffset() throws {
    let (masked, pruned, plan) = try cut()
    let columns = try #require(plan.weights.first { $0.weight == "group.w" && $0.axis == 1 })
    #expect(columns.kept[0] != columns.kept[1])
    let old = try #require(network().constant("group.w")?.floats)
    let rows = try #require(plan.kept("group.w"))
    var broken = pruned
    let wrong = rows.flatMap { row in columns.kept[0].map { old[row * 4 + $0] } }
    try replace("group.w", Tensor(floats: wrong, [4, 2, 1, 1]), in: &broken)
    expectFault(in: broken, against: masked)
  }

  @Test("A bias cut at its front instead of at its channels")
  func unslicedBias() throws {
    let (masked, pruned, _) = try cut()
    var broken = pruned
    try replace("conv1.b", slices("conv1.b", 0, [0, 1, 2, 3]), in: &broken)
    expectFault(in: broken, against: masked)
  }

  @Test("A difference just above the tolerance is one")
  func tolerance() throws {
    let model = network()
    var nudged = model
    let w = try #require(model.constant("fc2.w")?.floats)
    nudged.graph.setInitializer(
      try #require(nudged.graph.value(named: "fc2.w")),
      Tensor(floats: w.map { $0 * 1.001 }, [8, 3]))
    #expect(throws: ModelError.self) { try Verification(tolerance: 5e-4).check(model, nudged) }
    let difference = try #require(try Verification(tolerance: 2e-3).check(model, nudged))
    #expect(difference > 5e-4 && difference < 2e-3)
  }
}
