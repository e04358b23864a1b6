import IR
import Passes
import TestSupport
import Testing

/// What each rule makes of its pattern; results are compared by the harness.
@Suite struct FusionRuleTests {
  /// Applies all rules, or those named, and requires these operators.
  @discardableResult
  func expect(
    _ operators: [String], opset: Int = 17, only names: [String] = [],
    sourceLocation: SourceLocation = #_sourceLocation, _ build: (inout Network) -> Void
  ) throws -> Model {
    var net = Network()
    build(&net)
    let pass = try Simplification(FusionOptions(only: names))
    let (model, report) = try apply(
      pass, to: net.model(opset: opset), sourceLocation: sourceLocation)
    #expect(
      model.operators == operators, "\(report.declined.map(\.text))",
      sourceLocation: sourceLocation)
    #expect(!report.applied.isEmpty, sourceLocation: sourceLocation)
    return model
  }

  func scalar(_ net: inout Network, _ value: Float) -> ValueID {
    net.constant("s", Tensor(floats: [value], []))
  }

  // MARK: Weights

  @Test("A BatchNormalization spelled as Sub, Mul and Add goes into the layer before it")
  func spelledNormalization() throws {
    for layer in ["Conv", "ConvTranspose", "Gemm", "MatMul"] {
      let model = try expect([layer == "MatMul" ? "Gemm" : layer]) { net in
        let flat = layer == "Gemm" || layer == "MatMul"
        let x = net.input("x", flat ? [3, 4] : [2, 4, 5, 5])
        let y = net.node(layer, "layer", [x, net.trained("w", flat ? [4, 4] : [4, 4, 1, 1])])
        let shape = flat ? [4] : [4, 1, 1]
        let d = net.node("Sub", "sub", [y, net.trained("mean", shape)])
        let s = net.node("Div", "div", [d, net.trained("deviation", shape)])
        let m = net.node("Mul", "mul", [net.trained("gamma", shape), s])
        net.output(net.node("Add", "add", [net.trained("beta", shape), m]))
      }
      #expect(model.graph.outputs.map { model.graph[$0.value].name } == ["add_out"])
    }
  }

  @Test("A shift of either sign; x is subtracted from a constant")
  func subtraction() throws {
    try expect(["Conv"]) { net in
      let y = net.conv("conv", net.input("x", [1, 2, 3, 3]), 2, 4)
      net.output(net.node("Sub", "sub", [net.trained("k", [4, 1, 1]), y]))
    }
  }

  @Test("A scale before a grouped convolution, and a shift where there are no pads")
  func before() throws {
    for (group, kernel) in [(1, 1), (2, 1), (4, 1), (1, 3)] {
      try expect(["Conv"]) { net in
        let x = net.input("x", [2, 4, 5, 5])
        let bn = kernel == 1 ? net.batchNormalization("bn", x, 4) : x
        let y = net.node("Mul", "mul", [bn, net.trained("k", [4, 1, 1])])
        net.output(net.conv("conv", y, 4, 8, kernel: kernel, group: group))
      }
    }
    try expect(["Gemm"]) { net in
      let y = net.node("Add", "add", [net.input("x", [3, 6]), net.trained("k", [6])])
      net.output(net.gemm("fc", net.node("Mul", "mul", [y, net.trained("m", [6])]), 6, 4))
    }
    try expect(["ConvTranspose"]) { net in
      let y = net.node("Mul", "mul", [net.input("x", [1, 4, 3, 3]), net.trained("k", [4, 1, 1])])
      net.output(
        net.node(
          "ConvTranspose", "up", [y, net.trained("w", [4, 3, 2, 2])], [Attribute("group", .int(2))])
      )
    }
  }

  @Test("Scale and shift after a BatchNormalization go into it")
  func afterNormalization() throws {
    try expect(["Relu", "BatchNormalization"]) { net in
      let x = net.node("Relu", "relu", [net.input("x", [1, 4, 3, 3])])
      let y = net.batchNormalization("bn", x, 4)
      let z = net.node("Mul", "mul", [y, net.trained("k", [4, 1, 1])])
      net.output(net.node("Add", "add", [z, net.trained("b", [4, 1, 1])]))
    }
  }

  @Test("MatMul and Add of matrices; Transposes and factors of a Gemm")
  func gemm() throws {
    try expect(["Gemm"]) { net in
      let x = net.input("x", [3, 4])
      let y = net.node("MatMul", "mm", [x, net.input("y", [4, 5])])
      net.output(net.node("Add", "add", [net.input("z", [1, 5]), y]))
    }
    // Without a bias there was nothing for beta to scale; the addend must not be scaled either.
    let biased = try expect(["Gemm"]) { net in
      let y = net.node(
        "Gemm", "fc", [net.input("x", [3, 4]), net.trained("w", [4, 5])],
        [Attribute("alpha", .float(0.5)), Attribute("beta", .float(2))])
      net.output(net.node("Add", "add", [y, net.input("z", [3, 5])]))
    }
    #expect(try biased.node("add").attribute("beta") == nil)
    let model = try expect(["Gemm"]) { net in
      let x = net.node("Transpose", "t", [net.input("x", [4, 3])])
      net.output(
        net.node(
          "Gemm", "fc", [x, net.trained("w", [4, 5]), net.trained("b", [5])],
          [Attribute("alpha", .float(0.5)), Attribute("beta", .float(2))]))
    }
    #expect(try model.node("fc").attribute("alpha") == nil)
  }

  @Test("Pads become the convolution's or the pool's own")
  func pads() throws {
    try expect(["Conv"]) { net in
      let pads = net.integers("pads", [0, 0, 1, 0, 0, 0, 2, 1])
      let pad = net.node("Pad", "pad", [net.input("x", [1, 4, 5, 5]), pads])
      net.output(net.conv("conv", pad, 4, 4, kernel: 3))
    }
    try expect(["AveragePool"]) { net in
      let pads = net.integers("pads", [0, 0, 1, 0, 0, 0, 1, 1])
      let pad = net.node("Pad", "pad", [net.input("x", [1, 4, 5, 5]), pads])
      net.output(
        net.node("AveragePool", "pool", [pad], [Attribute("kernel_shape", .ints([2, 2]))]))
    }
    try expect(["Relu", "MaxPool"]) { net in
      let pads = net.integers("pads", [0, 0, 1, 0, 0, 0, 1, 1])
      let x = net.node("Relu", "relu", [net.input("x", [1, 4, 5, 5])])
      let pad = net.node("Pad", "pad", [x, pads])
      net.output(net.node("MaxPool", "pool", [pad], [Attribute("kernel_shape", .ints([2, 2]))]))
    }
  }

  @Test("Sums and products of constants")
  func constants() throws {
    let model = try expect(["Relu", "Mul"]) { net in
      let x = net.node("Relu", "relu", [net.input("x", [2, 3])])
      let y = net.node("Mul", "mul", [x, net.trained("a", [3])])
      net.output(net.node("Div", "div", [y, scalar(&net, 4)]))
    }
    #expect(try model.node("div").type == "Mul")
  }

  // MARK: Operators

  @Test("Limits in a row are one")
  func clamps() throws {
    try expect(["Clip"]) { net in
      let y = net.node("Relu", "relu", [net.input("x", [2, 8])])
      net.output(net.node("Min", "min", [y, scalar(&net, 0.5)]))
    }
    try expect(["Relu"]) { net in
      let y = net.node("Max", "max", [net.input("x", [2, 8]), scalar(&net, 0)])
      net.output(net.node("Relu", "relu", [net.node("Relu", "relu2", [y])]))
    }
    try expect(["Clip"], opset: 10) { net in
      let y = net.node("Relu", "relu", [net.input("x", [2, 8])])
      net.output(net.node("Clip", "clip", [y], [Attribute("max", .float(0.5))]))
    }
    // A Clip without an upper bound would take infinities away.
    try expect(["Max"]) { net in
      let y = net.node("Relu", "relu", [net.input("x", [2, 8])])
      net.output(net.node("Max", "max", [y, scalar(&net, 0.5)]))
    }
    try expect(["Sigmoid"]) { net in
      net.output(net.node("Relu", "relu", [net.node("Sigmoid", "s", [net.input("x", [2, 8])])]))
    }
  }

  @Test("Log of Softmax; Where on a Not; a Clip without bounds")
  func smallOperators() throws {
    try expect(["LogSoftmax"]) { net in
      let y = net.node("Softmax", "s", [net.input("x", [2, 8])], [Attribute("axis", .int(0))])
      net.output(net.node("Log", "log", [y]))
    }
    try expect(["Greater", "Where"]) { net in
      let x = net.input("x", [2, 8])
      let c = net.node("Not", "not", [net.node("Greater", "g", [x, scalar(&net, 0)])])
      net.output(net.node("Where", "w", [c, x, scalar(&net, 7)]))
    }
    try expect(["Neg"]) { net in
      net.output(net.node("Neg", "neg", [net.node("Clip", "clip", [net.input("x", [2, 8])])]))
    }
  }

  private func hardSwish(_ net: inout Network, _ spelling: Int) {
    let x = net.input("x", [2, 8])
    let sum = net.node("Add", "add", [x, scalar(&net, 3)])
    let clip = net.node("Clip", "clip", [sum, scalar(&net, 0), scalar(&net, 6)])
    switch spelling {
    case 0:
      net.output(net.node("Mul", "m", [x, net.node("Div", "d", [clip, scalar(&net, 6)])]))
    case 1:
      net.output(net.node("Div", "d", [net.node("Mul", "m", [clip, x]), scalar(&net, 6)]))
    default:
      let sixth = scalar(&net, 1.0 / 6)
      net.output(net.node("Mul", "d", [sixth, net.node("Mul", "m", [x, clip])]))
    }
  }

  @Test("HardSwish in its spellings", arguments: 0...2)
  func hardSwish(spelling: Int) throws {
    let model = try expect(["HardSwish"], opset: 14) { hardSwish(&$0, spelling) }
    let node = try #require(model.graph.nodeIDs.first.map { model.graph[$0] })
    let record = try #require(node.metadata.first { $0.key == "lapidary.fused" }?.value)
    #expect(record.contains("Add 'add'"))
    try expect(["HardSigmoid", "Mul"], opset: 13) { hardSwish(&$0, spelling) }
  }

  @Test("HardSigmoid alone")
  func hardSigmoid() throws {
    try expect(["HardSigmoid"], opset: 11) { net in
      let x = net.input("x", [2, 8])
      let sum = net.node("Add", "add", [x, scalar(&net, 3)])
      let clip = net.node("Clip", "clip", [sum, scalar(&net, 0), scalar(&net, 6)])
      net.output(net.node("Div", "div", [clip, scalar(&net, 6)]))
    }
    try expect(["HardSigmoid"]) { net in
      let x = net.input("x", [2, 8])
      let y = net.node("Mul", "mul", [x, scalar(&net, 0.3)])
      let sum = net.node("Add", "add", [y, scalar(&net, 0.25)])
      net.output(net.node("Clip", "clip", [sum, scalar(&net, 0), scalar(&net, 1)]))
    }
  }

  private func mean(_ net: inout Network, _ name: String, _ x: ValueID, _ opset: Int) -> ValueID {
    opset < 18
      ? net.node("ReduceMean", name, [x], [Attribute("axes", .ints([-1]))])
      : net.node("ReduceMean", name, [x, net.integers("axes", [-1])])
  }

  @Test("LayerNormalization with scale and bias, its square as power or product")
  func layerNormalization() throws {
    for (opset, power) in [(17, true), (17, false), (18, true)] {
      let model = try expect(["LayerNormalization"], opset: opset) { net in
        let x = net.input("x", [2, 3, 8])
        let d = net.node("Sub", "d", [x, mean(&net, "mean", x, opset)])
        let square =
          power
          ? net.node("Pow", "square", [d, scalar(&net, 2)]) : net.node("Mul", "square", [d, d])
        let v = net.node("Add", "v", [mean(&net, "variance", square, opset), scalar(&net, 1e-2)])
        let y = net.node("Div", "y", [d, net.node("Sqrt", "root", [v])])
        let scaled = net.node("Mul", "scaled", [y, net.trained("gamma", [8])])
        net.output(net.node("Add", "out", [scaled, net.trained("beta", [8])]))
      }
      #expect(model.graph.initializers.count == 2)
    }
  }

  @Test("RMSNormalization with a Reciprocal or a Div", arguments: [true, false])
  func rmsNormalization(reciprocal: Bool) throws {
    try expect(["RMSNormalization"], opset: 23) { net in
      let x = net.input("x", [2, 3, 8])
      let square = net.node("Pow", "square", [x, scalar(&net, 2)])
      let v = net.node("Add", "v", [mean(&net, "mean", square, 23), scalar(&net, 1e-2)])
      let root = net.node("Sqrt", "root", [v])
      let y =
        reciprocal
        ? net.node("Mul", "y", [x, net.node("Reciprocal", "inverse", [root])])
        : net.node("Div", "y", [x, root])
      net.output(net.node("Mul", "out", [net.trained("gamma", [8]), y]))
    }
  }

  @Test("Gelu by Erf and by Tanh", arguments: [true, false])
  func gelu(exact: Bool) throws {
    let model = try expect(["Gelu"], opset: 20) { net in
      let x = net.input("x", [2, 8])
      let gate: ValueID
      if exact {
        gate = net.node(
          "Erf", "erf", [net.node("Mul", "inner", [x, scalar(&net, Float(0.5).squareRoot())])])
      } else {
        let cube = net.node("Pow", "cube", [x, scalar(&net, 3)])
        let term = net.node("Mul", "term", [scalar(&net, 0.044715), cube])
        let sum = net.node("Add", "sum", [x, term])
        gate = net.node(
          "Tanh", "tanh", [net.node("Mul", "inner", [sum, scalar(&net, 0.7978845608)])])
      }
      let half = net.node("Mul", "half", [x, scalar(&net, 0.5)])
      net.output(
        net.node("Mul", "out", [half, net.node("Add", "one", [gate, scalar(&net, 1)])]))
    }
    #expect((try model.node("out").attribute("approximate") == nil) == exact)
  }

  // MARK: Movement

  @Test("Transposes cancel, also through elementwise operators and residual sums")
  func transposes() throws {
    let there = [Attribute("perm", .ints([0, 3, 1, 2]))]
    let back = [Attribute("perm", .ints([0, 2, 3, 1]))]
    try expect(["Relu", "Add", "Relu"]) { net in
      let x = net.input("x", [1, 2, 3, 4])
      let a = net.node("Relu", "a", [net.node("Transpose", "t1", [x], there)])
      let b = net.node("Add", "b", [a, net.trained("k", [4, 1, 1])])
      net.output(net.node("Relu", "c", [net.node("Transpose", "t2", [b], back)]))
    }
    try expect(["Add", "Transpose"]) { net in
      let x = net.node("Transpose", "t1", [net.input("x", [1, 2, 3, 4])], there)
      let y = net.node("Transpose", "t2", [net.input("y", [1, 2, 3, 4])], there)
      net.output(net.node("Add", "add", [x, y]))
    }
    try expect(["ReduceMean"]) { net in
      let x = net.node("Transpose", "t1", [net.input("x", [1, 2, 3, 4])], there)
      let list = [Attribute("axes", .ints([2, 3])), Attribute("keepdims", .int(0))]
      net.output(net.node("ReduceMean", "mean", [net.node("Transpose", "t2", [x], back)], list))
    }
  }

  @Test("Concat in Concat; Split and Concat; Slices; Gathers")
  func pieces() throws {
    let axis = [Attribute("axis", .int(1))]
    try expect(["Concat"]) { net in
      let x = net.input("x", [1, 2]), y = net.input("y", [1, 3])
      let inner = net.node("Concat", "inner", [x, y], axis)
      net.output(net.node("Concat", "outer", [inner, x], [Attribute("axis", .int(-1))]))
    }
    try expect(["Relu"]) { net in
      let x = net.input("x", [1, 5])
      let parts = net.nodes("Split", "split", [x, net.integers("n", [2, 3])], axis, outputs: 2)
      net.output(net.node("Relu", "relu", [net.node("Concat", "join", parts, axis)]))
    }
    try expect(["Slice"]) { net in
      let x = net.input("x", [4, 5])
      let y = net.node(
        "Slice", "a",
        [x]
          + [[1], [3], [0]].enumerated().map {
            net.integers("a\($0)", $1)
          })
      net.output(
        net.node(
          "Slice", "b",
          [y]
            + [[0], [4], [1]].enumerated().map {
              net.integers("b\($0)", $1)
            }))
    }
    try expect(["Split"]) { net in
      let x = net.input("x", [4, 6])
      for (start, end) in [(4, 100), (0, 2), (2, -2)] {
        let bounds = [[start], [end], [1]].map { net.integers("n", $0) }
        net.output(net.node("Slice", "slice\(start)", [x] + bounds))
      }
    }
    // A Slice of a Slice is one Slice: a Split of what the first two leave would be one node more.
    try expect(["Slice", "Slice"]) { net in
      let x = net.input("x", [4, 6])
      for (start, end) in [(0, 3), (3, 6)] {
        let outer = [[start], [end], [1]].map { net.integers("n", $0) }
        let inner = [[start / 3], [3], [0]].map { net.integers("m", $0) }
        let part = net.node("Slice", "a\(start)", [x] + outer)
        net.output(net.node("Slice", "b\(start)", [part] + inner))
      }
    }
    try expect(["Gather"]) { net in
      let y = net.node(
        "Gather", "a", [net.input("x", [4, 5]), net.integers("i", [3, 1, -1])], axis)
      net.output(net.node("Gather", "b", [y, net.integers("j", [2, 0])], axis))
    }
  }

  @Test("What adds nothing, chooses nothing or undoes itself")
  func identities() throws {
    try expect(["Relu"]) { net in
      let x = net.node("Relu", "relu", [net.input("x", [2, 4])])
      let a = net.node("Add", "a", [x, scalar(&net, 0)])
      let b = net.node("Mul", "b", [scalar(&net, 1), a])
      let c = net.node("Pow", "c", [b, scalar(&net, 1)])
      let d = net.node("Neg", "d2", [net.node("Neg", "d1", [c])])
      let yes = net.constant("yes", Tensor(.bool, [1], Storage([1 as UInt8])))
      net.output(net.node("Where", "w", [yes, d, net.trained("other", [4])]))
    }
    try expect(["Cast"]) { net in
      let there = net.node("Cast", "a", [net.input("x", [4])], [Attribute("to", .int(11))])
      net.output(net.node("Cast", "b", [there], [Attribute("to", .int(10))]))
    }
    try expect(["Add"]) { net in
      let x = net.input("x", [2, 4])
      let wide = net.node("Expand", "e", [net.input("y", [4]), net.integers("shape", [2, 4])])
      net.output(net.node("Add", "add", [x, wide]))
    }
    try expect(["Div"]) { net in
      let x = net.input("x", [2, 4])
      let y = net.node("Exp", "exp", [net.constant("c", Tensor(floats: [1, 2, 3, 4], [4]))])
      net.output(net.node("Mul", "m", [net.node("Reciprocal", "r", [x]), y]))
    }
  }
}
