import IR
import ONNXFile
import Passes
import TestSupport
import Testing

/// BatchNormalization goes into the weights before it when, and only when, nothing else sees.
@Suite struct FoldBatchNormalizationTests {
  /// A network of one layer, `net.layer`, and a BatchNormalization of 4 channels behind it.
  private func network(
    _ shape: [Dimension] = [2, 4, 5, 5],
    _ layer: (inout Network, ValueID) -> ValueID
  ) -> Network {
    var net = Network()
    let x = net.input("x", shape)
    let middle = layer(&net, x)
    net.output(net.batchNormalization("bn", middle, 4))
    return net
  }

  private func fold(_ model: Model) throws -> (model: Model, report: PassReport) {
    try apply(rules("fold-batch-normalization"), to: model)
  }

  private func expectFolded(
    _ net: Network, sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Model {
    let (model, report) = try fold(net.model())
    #expect(
      !model.operators.contains("BatchNormalization"), "\(report.declined)",
      sourceLocation: sourceLocation)
    #expect(report.applied.count == 1, sourceLocation: sourceLocation)
    #expect(
      model.graph.outputs.map { model.graph[$0.value].name } == ["bn_out"],
      sourceLocation: sourceLocation)
    return model
  }

  private func expectDeclined(
    _ model: Model, _ reason: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    var copy = model
    let report = try rules("fold-batch-normalization").run(&copy)
    #expect(report.applied.isEmpty, sourceLocation: sourceLocation)
    #expect(report.declined.map(\.text) == [reason], sourceLocation: sourceLocation)
    #expect(copy.operators == model.operators, sourceLocation: sourceLocation)
  }

  @Test(arguments: [1, 2, 4], [true, false])
  func convolution(group: Int, bias: Bool) throws {
    let model = try expectFolded(
      network { $0.conv("conv", $1, 4, 4, kernel: 3, group: group, bias: bias) })
    #expect(model.constant(bias ? "conv.b" : "conv.w_bias")?.dimensions == [4])
    #expect(
      try model.node("conv").metadata.map(\.value) == [
        "fold-batch-normalization: BatchNormalization 'bn'"
      ])
  }

  @Test(arguments: [1, 2, 4], [true, false])
  func transposedConvolution(group: Int, bias: Bool) throws {
    _ = try expectFolded(
      network { net, x in
        var inputs: [ValueID?] = [x, net.trained("w", [4, 4 / group, 2, 2])]
        if bias { inputs.append(net.trained("b", [4])) }
        return net.node("ConvTranspose", "conv", inputs, [Attribute("group", .int(group))])
      })
  }

  @Test("Gemm with either order of the weight; alpha stays, beta becomes 1", arguments: [0, 1])
  func product(transposed: Int) throws {
    for (alpha, beta) in [(1, 1), (0.5, 1), (1, 0.25), (-2, 3)] as [(Float, Float)] {
      for bias in [[4], [1, 4], [1], []] as [[Int]?] + [nil] {
        let model = try expectFolded(
          network([3, 6]) { net, x in
            var inputs: [ValueID?] = [
              x, net.trained("w", transposed == 1 ? [4, 6] : [6, 4]),
            ]
            if let bias { inputs.append(net.trained("b", bias)) }
            return net.node(
              "Gemm", "gemm", inputs,
              [
                Attribute("alpha", .float(alpha)), Attribute("beta", .float(beta)),
                Attribute("transB", .int(transposed)),
              ])
          })
        #expect(model.constant(bias == nil ? "w_bias" : "b")?.dimensions == [4])
      }
    }
  }

  @Test("A weight that another node reads is cloned; the other keeps its own")
  func sharedWeight() throws {
    var net = network { $0.conv("conv", $1, 4, 4, bias: false) }
    let x = try #require(net.graph.value(named: "x"))
    let w = try #require(net.graph.value(named: "conv.w"))
    net.output(net.node("Conv", "other", [x, w]))
    let before = net.model()
    let (model, _) = try fold(before)
    #expect(model.operators == ["Conv", "Conv"])
    #expect(model.constant("conv.w") == before.constant("conv.w"))
    #expect(try model.node("other").inputs[1] == w)
    #expect(try model.node("conv").inputs[1] != w)
  }

  @Test("Two layers that share weight and normalisation parameters are each folded for themselves")
  func sharedEverything() throws {
    var net = network { $0.conv("conv", $1, 4, 4) }
    let x = try #require(net.graph.value(named: "x"))
    let inputs = try net.model().node("conv").inputs.dropFirst()
    let second = net.node("Conv", "second", [x] + inputs)
    let parameters = try net.model().node("bn").inputs.dropFirst()
    net.output(net.node("BatchNormalization", "bn2", [second] + parameters))
    let (model, report) = try fold(net.model())
    #expect(model.operators == ["Conv", "Conv"])
    #expect(report.applied.count == 2)
  }

  @Test("What others see of the convolution keeps it")
  func visible() throws {
    var output = network { $0.conv("conv", $1, 4, 4) }
    output.output(try #require(output.graph.value(named: "conv_out")))
    try expectDeclined(output.model(), "'conv_out' is also a graph output")

    var reader = network { $0.conv("conv", $1, 4, 4) }
    let middle = try #require(reader.graph.value(named: "conv_out"))
    reader.output(reader.node("Relu", "relu", [middle]))
    try expectDeclined(reader.model(), "'conv_out' has 2 readers")
  }

  @Test("Training mode, read statistics and negative variance are declined")
  func modes() throws {
    var training = network { $0.conv("conv", $1, 4, 4) }
    training.attributes["bn"] = nil
    var model = training.model()
    let id = try #require(model.graph.nodeIDs.last)
    model.graph[id].setAttribute("training_mode", .int(1))
    try expectDeclined(model, "training_mode is 1")

    model = training.model()
    let variance = try #require(model.graph.value(named: "bn.var"))
    model.graph.setInitializer(variance, Tensor(floats: [1, 1, -1, 1], [4]))
    try expectDeclined(model, "its variance is not positive")
  }

  @Test("Before opset 14 a node that names its statistics trains, even if nothing reads them")
  func namedStatistics() throws {
    var net = Network()
    let x = net.input("x", [1, 4, 2, 2])
    let middle = net.conv("conv", x, 4, 4)
    _ = net.batchNormalization("bn", middle, 4)
    var model = net.model(opset: 13)
    let id = try #require(model.graph.nodeIDs.last)
    let inputs = model.graph[id].inputs
    model.graph.remove(id)
    let names = ["y", "mean", "var", "saved_mean", "saved_var"]
    let outputs = names.map { model.graph.addFreshValue($0) }
    model.graph.add(
      Node("BatchNormalization", name: "bn5", inputs: inputs, outputs: outputs))
    model.graph.addOutput(ValueInfo(outputs[0], type: nil))
    try expectDeclined(model, "it names its statistics, which before opset 14 means training")
  }

  @Test("Weights that a caller may override are no constants; before IR version 4 nobody may")
  func overridable() throws {
    var net = network { $0.conv("conv", $1, 4, 4) }
    for name in ["conv.w", "conv.b"] {
      let id = try #require(net.graph.value(named: name))
      net.graph.addInput(ValueInfo(id, type: net.graph[id].type))
    }
    try expectDeclined(
      net.model(), "'conv.w' is also listed as an input and may be overridden")
    let (old, _) = try fold(net.model(opset: 9, irVersion: 3))
    #expect(old.operators == ["Conv"])
  }

  @Test("A model of IR version 3 stays valid: its initializers are its inputs")
  func oldModelStaysValid() throws {
    var net = network { $0.conv("conv", $1, 4, 4, bias: false) }
    for id in net.graph.initializers {
      net.graph.addInput(ValueInfo(id, type: net.graph[id].type))
    }
    let shape: [Dimension] = [2, 4, 5, 5]
    net.graph.setOutputType(0, .tensor(TensorType(.float, Shape(shape))))
    var model = net.model(opset: 9, irVersion: 3)
    #expect(try ONNXChecker.check(model, full: false) == nil)
    _ = try PassManager(try Simplify.passes(), verification: Verification()).run(&model)
    #expect(model.operators == ["Conv"])
    #expect(try ONNXChecker.check(model, full: false) == nil)
    #expect(model.graph.initializers.count == 2, "nothing is left of the old constants")
    #expect(model.graph.inputs.count == 3)
  }

  @Test("Parameters of a wrong length are an error, not read past their end")
  func wrongLengths() throws {
    var model = network { $0.conv("conv", $1, 4, 4) }.model()
    let scale = try #require(model.graph.value(named: "bn.scale"))
    model.graph.setInitializer(scale, Tensor(floats: [1, 2], [2]))
    #expect(throws: ModelError.self) { try Simplification().run(&model) }
  }

  @Test("Rules are chosen by name")
  func choice() throws {
    let model = network { $0.conv("conv", $1, 4, 4) }.model()
    var copy = model
    let options = FusionOptions(skip: ["fold-batch-normalization"])
    let report = try Simplification(options).run(&copy)
    #expect(report.applied.isEmpty && copy.operators == model.operators)
    #expect(throws: ModelError.self) {
      try Simplification(FusionOptions(only: ["fold-everything"]))
    }
  }
}
