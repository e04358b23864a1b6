import IR
import ONNXFile
import Passes
import TestSupport
import Testing

/// Plans as data: the same each time, replayed to the same bytes, refused where they do not fit.
@Suite struct PruningPlanTests {
  private func network() -> Model {
    var net = Network()
    let x = net.input("x", [1, 3, 6, 6])
    let a = net.batchNormalization("bn", net.conv("conv1", x, 3, 8, kernel: 3), 8)
    let b = net.conv("group", net.node("Relu", "relu", [a]), 8, 8, kernel: 3, group: 2)
    let c = net.conv("depth", b, 8, 8, kernel: 3, group: 8)
    let shared = net.constant("scale", Tensor(floats: [2], [1, 1, 1]))
    let d = net.node(
      "Add", "add", [net.node("Mul", "mul", [c, shared]), net.conv("skip", x, 3, 8)])
    let flat = net.node("Flatten", "flat", [net.node("GlobalAveragePool", "pool", [d])])
    net.output(net.gemm("fc", flat, 8, 5))
    return net.model()
  }

  private func pruner() throws -> Pruner {
    try Pruner(network(), PruningOptions(target: .ratio(0.4)))
  }

  @Test("The same model and options give the same plan and model, byte for byte")
  func determinism() throws {
    let first = try pruner().prune(modelHash: "h"), second = try pruner().prune(modelHash: "h")
    #expect(try first.plan.json() == second.plan.json())
    #expect(try ONNXFile.encode(first.model) == ONNXFile.encode(second.model))
    #expect(!first.plan.weights.isEmpty)
  }

  @Test("A plan read back from JSON replays to the same bytes")
  func replay() throws {
    let result = try pruner().prune(modelHash: "h")
    let plan = try PruningPlan(json: result.plan.json())
    #expect(plan == result.plan)
    let again = try Pruner(network(), PruningOptions(target: .ratio(0))).apply(plan, modelHash: "h")
    #expect(try ONNXFile.encode(again.model) == ONNXFile.encode(result.model))
    #expect(again.after == result.after)
  }

  @Test("A plan for another model, another weight or a frozen channel is refused")
  func refusals() throws {
    let result = try pruner().prune(modelHash: "h")
    func refuse(_ hash: String, _ change: (inout PruningPlan) -> Void) throws -> String {
      var plan = result.plan
      change(&plan)
      let error = #expect(throws: ModelError.self) { try pruner().apply(plan, modelHash: hash) }
      #expect(error?.code == .request)
      return error?.message ?? ""
    }
    #expect(
      try refuse("other") { _ in } == "plan: expected a plan for model other, found one for h")
    #expect(
      try refuse("h") { $0.groups[0].producers[0].weight = "nobody" }.contains("'nobody'"))
    #expect(try refuse("h") { $0.groups[0].producers[0].length = 99 }.contains("99 channels"))
    let frozen = try refuse("h") { plan in
      plan.groups[0].producers = Array(plan.groups[0].producers.prefix(1))
      plan.groups[0].producers[0].weight = "fc.w"
      plan.groups[0].producers[0].axis = 0
      plan.groups[0].producers[0].length = 5
      plan.groups[0].producers[0].kept = [[0, 1]]
    }
    #expect(frozen.contains("'fc.w'") && frozen.contains("graph output 'fc_out'"), "\(frozen)")
    let empty = try refuse("h") { plan in
      for group in plan.groups.indices {
        for slice in plan.groups[group].producers.indices {
          plan.groups[group].producers[slice].kept = [[]]
        }
      }
    }
    #expect(empty.contains("at least one channel"), "\(empty)")
  }

  @Test("Bytes that are no plan, or one of another version, are refused")
  func otherBytes() throws {
    let bytes = try pruner().prune().plan.json()
    #expect(throws: ModelError.self) { try PruningPlan(json: Array(bytes.dropLast(20))) }
    let text = String(decoding: bytes, as: UTF8.self)
    let later = text.replacing("\"schema\" : 1", with: "\"schema\" : 2")
    #expect(later != text)
    let error = #expect(throws: ModelError.self) { try PruningPlan(json: Array(later.utf8)) }
    #expect(error?.code == .unsupported)
  }

  @Test("Nothing is removed by looking at the groups")
  func groups() throws {
    let plan = try pruner().groups()
    #expect(plan.weights.isEmpty)
    #expect(plan.groups.allSatisfy { $0.kept == $0.channels })
    let first = plan.groups.first { $0.producers.contains { $0.weight == "conv1.w" } }
    #expect(first?.channels == 8)
    // The grouped convolution, the depthwise one behind it and the skip connection are one group.
    #expect(
      plan.groups.contains { group in
        ["group.w", "depth.w", "skip.w"].allSatisfy { name in
          group.producers.contains { $0.weight == name }
        }
      })
  }
}
