import Execution
import IR
import Passes
import Samples
import TestSupport
import Testing

/// Whole blocks that are dropped.
@Suite("Dropping of blocks") struct DropStageTests {
  private func drop(
    _ model: Model, _ shape: [Int], _ target: DropOptions.Target, adapts: Bool = true,
    threads: Int = 1, keep: [String] = []
  ) throws -> (state: ModelState, proof: StageProof?) {
    var options = DropOptions(target: target)
    options.keep = keep
    var state = ModelState(model)
    let data = try BlockSketches.data(model, shape)
    let proof = try DropStage(options, adapts: adapts).run(
      &state, BlockSketches.setting(data, threads: threads))
    try state.model.graph.checkInvariants()
    return (state, proof)
  }

  private func sums(_ state: ModelState) -> [String] { state.drops?.blocks.map(\.sum) ?? [] }

  @Test("A block that adds nothing is the first to go, and nothing is lost")
  func zero() throws {
    for (model, sum) in [
      (BlockSketches.residual([0.2, 0, 0.2]), "Add 'sum1'"),
      (BlockSketches.inverted([0.1, 0.1, 0]), "Add 'sum2'"),
    ] {
      let (state, _) = try drop(model, [3, 6, 6], .blocks(1), adapts: false)
      #expect(sums(state) == [sum])
      let data = try BlockSketches.data(model, [3, 6, 6], count: 8)
      let comparison = try ModelComparison(model, state.model, on: data)
      #expect(comparison.maxRelative == 0, "\(sum)")
      #expect(state.model.graph.nodeCount < model.graph.nodeCount)
    }
  }

  @Test("A search counts a model without a block as it is, and its groups keep their widths there")
  func counted() throws {
    for model in [BlockSketches.residual(), BlockSketches.inverted()] {
      let costs = try Pruner(model, PruningOptions(target: .ratio(0))).widthCosts()
      for sum in ["Add 'sum0'", "Add 'sum1'"] {
        let block = [BlockOption.key(sum): 1.0]
        let (state, _) = try drop(model, [3, 6, 6], .named([sum]), adapts: false)
        var options = PruningOptions(target: .ratio(0))
        #expect(try Pruner(state.model, options).widthCosts().whole == costs.cost(block))
        options.competition = .local
        options.widths = Dictionary(uniqueKeysWithValues: costs.keys.map { ($0, 0.5) })
        let cut = try Pruner(state.model, options).prune(verification: nil)
        let counted = costs.cost(block.merging(options.widths) { $1 })
        #expect(cut.after.macs == counted.macs && cut.after.macs < costs.cost(block).macs / 2)
        // What goes with the block is not said to stay.
        #expect(costs.widths(block).count < costs.keys.count)
      }
    }
  }

  @Test("With a Relu on both sides one is left")
  func clamps() throws {
    let model = BlockSketches.residual()
    let (state, _) = try drop(model, [3, 6, 6], .named(["sum1"]), adapts: false)
    // Two convolutions, the Relu between them, the sum and one of two Relus.
    #expect(model.graph.nodeCount - state.model.graph.nodeCount == 5)
    #expect(state.drops?.blocks[0].nodes == 5)
    #expect(state.model.operators.filter { $0 == "Relu" }.count == 5)
    let macs = try #require(state.drops).blocks[0].macs
    #expect(macs == 2 * 8 * 8 * 36)
  }

  @Test("What a value stands for has its name, and the interface stays")
  func names() throws {
    let model = BlockSketches.inverted()
    let (state, _) = try drop(model, [3, 6, 6], .named(["sum2", "sum1"]), adapts: false)
    #expect(sums(state) == ["Add 'sum2'", "Add 'sum1'"])
    let left = try state.model.node("sum0").outputs.compactMap { $0 }
    #expect(left.map { state.model.graph[$0].name } == ["sum2_out"])
    #expect(
      state.model.graph.outputs.map { state.model.graph[$0.value].name }
        == model.graph.outputs.map { model.graph[$0.value].name })
  }

  @Test(
    "Layers around a block make up for it on samples that they did not see",
    arguments: ["residual", "inverted", "transformer"])
  func closedForm(kind: String) throws {
    let (model, shape): (Model, [Int]) =
      switch kind {
      case "residual": (BlockSketches.residual(), [3, 6, 6])
      case "inverted": (BlockSketches.inverted(), [3, 6, 6])
      default: (BlockSketches.transformer(), [5, 8])
      }
    let (_, proof) = try drop(model, shape, .blocks(1))
    guard case .signal(let before?, let after, _, .heldOut)? = proof else {
      Issue.record("\(String(describing: proof))")
      return
    }
    #expect(after > before + 3, "\(kind): \(before) -> \(after) dB")
  }

  @Test("Attention and the products behind it are blocks of their own")
  func transformer() throws {
    let model = BlockSketches.transformer()
    let (state, _) = try drop(model, [5, 8], .named(["attention0", "mlp1"]))
    #expect(state.drops?.found == 4 && state.drops?.missed == nil)
    let names = state.model.graph.nodeIDs.map { state.model.graph[$0].name ?? "" }
    #expect(!names.contains("q0") && names.contains("up0") && names.contains("q1"))
    #expect(!names.contains("up1"))
  }

  @Test("Blocks go until few enough multiply-accumulates are left")
  func macs() throws {
    let model = BlockSketches.residual()
    let (state, _) = try drop(model, [3, 6, 6], .macs(0.75))
    let plan = try #require(state.drops)
    #expect(plan.missed == nil && plan.blocks.count == 1)
    let left = plan.macs - plan.blocks.reduce(0) { $0 + $1.macs }
    let counted = try Pruner.macs(of: state.model)
    #expect(left == counted)
    #expect(Double(left) <= 0.75 * Double(plan.macs))
  }

  @Test("Where more is asked than can go all goes, and the nearest is said")
  func missed() throws {
    let model = BlockSketches.residual()
    let blocks = try #require(try drop(model, [3, 6, 6], .blocks(9)).state.drops)
    #expect(blocks.blocks.count == 3)
    #expect(blocks.missed == "9 blocks cannot go: the most that can is 3")
    let macs = try #require(try drop(model, [3, 6, 6], .macs(0.001)).state.drops)
    #expect(macs.missed?.hasPrefix("0.1 % of the multiply-accumulates cannot be met") == true)
    let kept = try #require(
      try drop(model, [3, 6, 6], .blocks(3), keep: ["first0", "sum2"]).state.drops)
    #expect(kept.blocks.map(\.sum) == ["Add 'sum1'"])
  }

  @Test("What is asked for and cannot be is refused, with the reason")
  func refused() throws {
    let model = BlockSketches.residual()
    let unknown = #expect(throws: ModelError.self) {
      try drop(model, [3, 6, 6], .named(["sum7"]))
    }
    #expect(unknown?.message.contains("found 'sum7'") == true)
    #expect(throws: ModelError.self) { try drop(model, [3, 6, 6], .blocks(0)) }
    #expect(throws: ModelError.self) { try drop(model, [3, 6, 6], .macs(1.5)) }
    // A block of which an inner value is an output, and one whose skip is a layer too.
    var net = Network()
    let x = net.input("x", [Dimension(symbol: "N"), 3, 6, 6])
    let stem = net.conv("stem", x, 3, 8)
    let inner = net.node("Relu", "inner", [net.conv("first", stem, 8, 8)])
    let sum = net.node("Add", "sum", [stem, net.conv("second", inner, 8, 8)])
    let other = net.node(
      "Add", "changed", [net.conv("skip", sum, 8, 4), net.conv("branch", sum, 8, 4)])
    net.output(other)
    net.output(inner)
    let none = #expect(throws: ModelError.self) { try drop(net.model(), [3, 6, 6], .blocks(1)) }
    #expect(none?.message.contains("none that can go") == true)
    #expect(none?.message.contains("read elsewhere") == true, "\(none?.message ?? "")")
  }

  @Test("The input of a block that others read keeps its name, and they keep what they read")
  func sharedInput() throws {
    var net = Network()
    let x = net.input("x", [Dimension(symbol: "N"), 3, 6, 6])
    let stem = BlockSketches.scaled(&net, "stem", x, 3, 8, 0.3)
    let sum = net.node("Add", "sum", [BlockSketches.scaled(&net, "branch", stem, 8, 8, 0.1), stem])
    let far = net.node("Concat", "join", [stem, sum], [Attribute("axis", .int(1))])
    net.output(net.conv("head", far, 16, 4))
    let model = net.model()
    let (state, proof) = try drop(model, [3, 6, 6], .blocks(1))
    let join = try state.model.node("join")
    #expect(join.inputs[0] == join.inputs[1])
    guard case .signal(let before?, let after, _, _)? = proof else {
      Issue.record("\(String(describing: proof))")
      return
    }
    #expect(after > before)
  }

  @Test("A block at the input of a model and one at its output go, and the names of both stay")
  func ends() throws {
    var net = Network()
    let x = net.input("x", [Dimension(symbol: "N"), 3, 6, 6])
    let first = net.node("Add", "first", [x, BlockSketches.scaled(&net, "a", x, 3, 3, 0.1)])
    let middle = BlockSketches.scaled(&net, "middle", first, 3, 3, 0.5)
    net.output(
      net.node("Add", "last", [BlockSketches.scaled(&net, "b", middle, 3, 3, 0.1), middle]))
    let model = net.model()
    let (state, _) = try drop(model, [3, 6, 6], .blocks(2))
    #expect(Set(sums(state)) == ["Add 'first'", "Add 'last'"])
    #expect(state.model.operators == ["Conv"])
    let graph = state.model.graph
    #expect(graph.inputs.map { graph[$0.value].name } == ["x"])
    #expect(graph.outputs.map { graph[$0.value].name } == ["last_out"])
  }

  @Test("A plan replays to the same weights, on any number of threads", arguments: [1, 3])
  func replay(threads: Int) throws {
    let model = BlockSketches.residual()
    let first = try drop(model, [3, 6, 6], .blocks(2)).state
    let plan = try #require(first.drops)
    let read = try DropPlan(json: try plan.json())
    #expect(read == plan)
    let again = try drop(model, [3, 6, 6], DropOptions(read).target, threads: threads).state
    #expect(sums(again) == sums(first))
    #expect(constants(again.model) == constants(first.model))
    let chosen = try drop(model, [3, 6, 6], .blocks(2), threads: threads).state
    #expect(chosen.drops == plan)
    #expect(constants(chosen.model) == constants(first.model))
  }

  private func constants(_ model: Model) -> [String: [Float]] {
    var found: [String: [Float]] = [:]
    for id in model.graph.initializers {
      found[model.graph[id].name] = model.graph[id].initializer?.floats
    }
    return found
  }

  @Test("Recovery behind a cut aims at what the blocks made that went before")
  func cutBehind() throws {
    let model = BlockSketches.inverted()
    let data = try BlockSketches.data(model, [3, 6, 6])
    let setting = BlockSketches.setting(data)
    var state = ModelState(model)
    let stages: [any Stage] = [
      DropStage(DropOptions(target: .blocks(1))),
      PruneStage(PruningOptions(target: .ratio(0.3))), RecoverStage(),
    ]
    try stages.check()
    var signals: [Double] = []
    for stage in stages {
      let proof = try #require(try stage.run(&state, setting))
      if case .signal(let before?, let after, _, _) = proof { signals += [before, after] }
    }
    #expect(signals.count == 4 && signals[3] > signals[2] + 3, "\(signals)")
    let turned: [any Stage] = [stages[1], stages[0]]
    #expect(throws: ModelError.self) { try turned.check() }
  }

  @Test("Shrinking drops a block first where less is lost so, and meets its number")
  func shrinking() throws {
    let model = BlockSketches.inverted([0.1, 0, 0.1])
    let data = try BlockSketches.data(model, [3, 6, 6])
    let setting = BlockSketches.setting(data)
    let options = PruningOptions(target: .macs(0.6))
    func shrunk(_ drops: Bool) throws -> (state: ModelState, after: Double) {
      var state = ModelState(model)
      let proof = try ShrinkStage(options, macs: 0.6, dropsBlocks: drops).run(&state, setting)
      guard case .signal(_, let after, _, _)? = proof else { return (state, 0) }
      return (state, after)
    }
    let with = try shrunk(true), without = try shrunk(false)
    #expect(sums(with.state).first == "Add 'sum1'" && without.state.drops == nil)
    #expect(with.after > without.after, "\(with.after) and \(without.after) dB")
    let left = try Pruner.macs(of: with.state.model), whole = try Pruner.macs(of: model)
    #expect(Double(left) <= 0.606 * Double(whole), "\(left) of \(whole)")
    let reached = try #require(with.state.budget).reached
    #expect(abs(reached - Double(left) / Double(whole)) < 0.01, "\(reached)")
  }
}
