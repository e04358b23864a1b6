import IR
import Passes
import TestSupport
import Testing

/// What a careless rule would get wrong: each guard declines with its reason, and the graph stays as
/// it was.
@Suite struct FusionGuardTests {
  /// Applies one rule and requires that it declines for this reason and changes nothing.
  private func expectDeclined(
    _ rule: String, _ reason: String, opset: Int = 17,
    sourceLocation: SourceLocation = #_sourceLocation, _ build: (inout Network) -> Void
  ) throws {
    var net = Network()
    build(&net)
    let model = net.model(opset: opset)
    let (result, report) = try apply(rules(rule), to: model, sourceLocation: sourceLocation)
    #expect(report.applied.isEmpty, sourceLocation: sourceLocation)
    #expect(
      report.declined.map(\.text).contains(reason), "\(report.declined.map(\.text))",
      sourceLocation: sourceLocation)
    #expect(result.operators == model.operators, sourceLocation: sourceLocation)
  }

  private func scalar(_ net: inout Network, _ name: String, _ value: Float) -> ValueID {
    net.constant(name, Tensor(floats: [value], []))
  }

  @Test("More than one reader; a graph output in the middle")
  func seenFromElsewhere() throws {
    try expectDeclined("fold-scale-shift", "'conv_out' has 2 readers") { net in
      let y = net.conv("conv", net.input("x", [1, 4, 3, 3]), 4, 4)
      net.output(net.node("Mul", "mul", [y, net.trained("k", [4, 1, 1])]))
      net.output(net.node("Relu", "relu", [y]))
    }
    try expectDeclined("fuse-hard-swish", "'div_out' is also a graph output") { net in
      let x = net.input("x", [2, 4])
      let sum = net.node("Add", "add", [x, scalar(&net, "three", 3)])
      let clip = net.node(
        "Clip", "clip", [sum, scalar(&net, "zero", 0), scalar(&net, "six", 6)])
      let gate = net.node("Div", "div", [clip, scalar(&net, "by", 6)])
      net.output(gate)
      net.output(net.node("Mul", "mul", [x, gate]))
    }
    try expectDeclined("fuse-layer-normalization", "'d_out' has 4 readers") { net in
      let x = net.input("x", [2, 4])
      let mean = net.node("ReduceMean", "mean", [x], [Attribute("axes", .ints([-1]))])
      let d = net.node("Sub", "d", [x, mean])
      let square = net.node("Mul", "square", [d, d])
      let v = net.node("ReduceMean", "v", [square], [Attribute("axes", .ints([-1]))])
      let root = net.node("Sqrt", "root", [net.node("Add", "sum", [v, scalar(&net, "e", 0.01)])])
      net.output(net.node("Div", "div", [d, root]))
      net.output(net.node("Neg", "neg", [d]))
    }
  }

  @Test("A target that is given at run time, whatever the output is declared to be")
  func givenTarget() throws {
    try expectDeclined("fold-reshape-target", "its target is given at run time") { net in
      let x = net.input("x", [2, 6])
      let shape = net.graph.addFreshValue("shape")
      net.graph.addInput(ValueInfo(shape, type: .tensor(TensorType(.int64, [2]))))
      let y = net.node("Reshape", "reshape", [x, shape])
      net.graph.addOutput(ValueInfo(y, type: .tensor(TensorType(.float, [3, 4]))))
    }
  }

  @Test("A constant that would broadcast the result to another shape, or that is not per channel")
  func broadcasting() throws {
    try expectDeclined("fold-scale-shift", "its constant has more axes than its input") { net in
      let y = net.conv("conv", net.input("x", [1, 4, 3, 3]), 4, 4)
      net.output(net.node("Mul", "mul", [y, net.trained("k", [1, 1, 4, 1, 1])]))
    }
    try expectDeclined(
      "fold-scale-shift", "its constant of shape [3] is not one number a channel"
    ) { net in
      let y = net.conv("conv", net.input("x", [1, 3, 3, 3]), 3, 3)
      net.output(net.node("Mul", "mul", [y, net.trained("k", [3])]))
    }
    try expectDeclined("fold-scale-shift", "it has 4 channels, the weight 1") { net in
      let y = net.conv("conv", net.input("x", [1, 4, 3, 3]), 4, 1)
      net.output(net.node("Mul", "mul", [y, net.trained("k", [4, 1, 1])]))
    }
    try expectDeclined("arithmetic-identities", "it may broadcast its operand") { net in
      let ones = net.constant("ones", Tensor(floats: [1, 1, 1], [3, 1]))
      net.output(net.node("Mul", "mul", [net.input("x", [1, 4]), ones]))
    }
    try expectDeclined(
      "fuse-gelu", "'half' has more axes than its input", opset: 20
    ) { net in
      let x = net.input("x", [4])
      let inner = net.node("Div", "inner", [x, scalar(&net, "root", Float(2).squareRoot())])
      let sum = net.node("Add", "sum", [net.node("Erf", "erf", [inner]), scalar(&net, "one", 1)])
      let half = net.constant("half", Tensor(floats: [0.5], [1, 1]))
      net.output(net.node("Mul", "y", [net.node("Mul", "p", [x, sum]), half]))
    }
    try expectDeclined(
      "matmul-add", "the addend does not broadcast to the product's shape"
    ) { net in
      let y = net.node("MatMul", "mm", [net.input("x", [1, 4]), net.trained("w", [4, 3])])
      net.output(net.node("Add", "add", [y, net.trained("k", [5, 3])]))
    }
  }

  @Test("keepdims of 0, and axes other than the last")
  func reductions() throws {
    func layer(_ axis: Int, keep: Int, _ shape: [Dimension]) -> (inout Network) -> Void {
      { net in
        let x = net.input("x", shape)
        let list = [Attribute("axes", .ints([axis])), Attribute("keepdims", .int(keep))]
        let d = net.node("Sub", "d", [x, net.node("ReduceMean", "mean", [x], list)])
        let v = net.node("ReduceMean", "v", [net.node("Mul", "square", [d, d])], list)
        let e = net.constant("e", Tensor(floats: [0.01], []))
        let root = net.node("Sqrt", "root", [net.node("Add", "sum", [v, e])])
        net.output(net.node("Div", "div", [d, root]))
      }
    }
    try expectDeclined("fuse-layer-normalization", "keepdims is 0", layer(1, keep: 0, [3, 3]))
    try expectDeclined(
      "fuse-layer-normalization", "ReduceMean 'mean' reduces other axes than the last",
      layer(0, keep: 1, [3, 3]))
    try expectDeclined(
      "fuse-layer-normalization", "LayerNormalization needs opset 17, the model has 16", opset: 16,
      layer(1, keep: 1, [3, 3]))
  }

  @Test("Operators that the opset does not have yet")
  func opsets() throws {
    try expectDeclined("fuse-hard-swish", "HardSwish needs opset 14, the model has 13", opset: 13) {
      net in
      let x = net.input("x", [2, 4])
      let gate = net.node(
        "HardSigmoid", "gate", [x],
        [Attribute("alpha", .float(1 / 6)), Attribute("beta", .float(0.5))])
      net.output(net.node("Mul", "mul", [x, gate]))
    }
    try expectDeclined(
      "fuse-rms-normalization", "RMSNormalization needs opset 23, the model has 22", opset: 22
    ) { net in
      let x = net.input("x", [2, 4])
      let mean = net.node(
        "ReduceMean", "mean", [net.node("Mul", "square", [x, x]), net.integers("last", [-1])])
      let sum = net.node("Add", "sum", [mean, scalar(&net, "e", 0.01)])
      net.output(net.node("Div", "div", [x, net.node("Sqrt", "root", [sum])]))
    }
    try expectDeclined("fuse-gelu", "Gelu needs opset 20, the model has 19", opset: 19) { net in
      let x = net.input("x", [4])
      let inner = net.node("Div", "inner", [x, scalar(&net, "root", Float(2).squareRoot())])
      let sum = net.node("Add", "sum", [net.node("Erf", "erf", [inner]), scalar(&net, "one", 1)])
      net.output(
        net.node("Mul", "y", [net.node("Mul", "p", [x, sum]), scalar(&net, "half", 0.5)]))
    }
  }

  @Test("Pads: negative ones, of another value, of another mode, over channels")
  func pads() throws {
    func padded(
      _ pads: [Int], value: Float = 0, mode: String = "constant"
    ) -> (inout Network) -> Void {
      { net in
        let x = net.input("x", [1, 4, 5, 5])
        let value = net.constant("value", Tensor(floats: [value], []))
        let pad = net.node(
          "Pad", "pad", [x, net.integers("pads", pads), value],
          [Attribute("mode", .string(Array(mode.utf8)))])
        net.output(net.conv("conv", pad, 4 + pads[1] + pads[5], 4, kernel: 3))
      }
    }
    try expectDeclined("fold-pad", "a pad is negative", padded([0, 0, -1, 0, 0, 0, 1, 0]))
    try expectDeclined("fold-pad", "it pads with 1.0", padded([0, 0, 1, 1, 0, 0, 1, 1], value: 1))
    try expectDeclined(
      "fold-pad", "the pad's mode is reflect", padded([0, 0, 1, 1, 0, 0, 1, 1], mode: "reflect"))
    try expectDeclined(
      "fold-pad", "it pads batch or channels", padded([0, 1, 1, 1, 0, 0, 1, 1]))
    try expectDeclined(
      "fold-pad", "it pads with 0.0, which may be above what the window holds"
    ) { net in
      let pad = net.node(
        "Pad", "pad",
        [net.input("x", [1, 2, 4, 4]), net.integers("pads", [0, 0, 1, 1, 0, 0, 1, 1])])
      net.output(
        net.node("MaxPool", "pool", [pad], [Attribute("kernel_shape", .ints([2, 2]))]))
    }
    try expectDeclined(
      "fold-pad", "count_include_pad is 0 and the pool has pads of its own"
    ) { net in
      let pad = net.node(
        "Pad", "pad",
        [net.input("x", [1, 2, 4, 4]), net.integers("pads", [0, 0, 1, 1, 0, 0, 1, 1])])
      net.output(
        net.node(
          "AveragePool", "pool", [pad],
          [Attribute("kernel_shape", .ints([3, 3])), Attribute("pads", .ints([1, 1, 1, 1]))]))
    }
  }

  @Test("A shift before a padded convolution; a shift where there is no bias")
  func shifts() throws {
    try expectDeclined(
      "fold-affine-before", "the convolution pads with zeros, which were not shifted"
    ) { net in
      let bn = net.batchNormalization("bn", net.input("x", [1, 4, 5, 5]), 4)
      net.output(net.conv("conv", bn, 4, 4, kernel: 3))
    }
    try expectDeclined("fold-scale-shift", "MatMul 'mm' takes no bias") { net in
      let y = net.node("MatMul", "mm", [net.input("x", [2, 3, 4]), net.trained("w", [4, 3])])
      net.output(net.node("Add", "add", [y, net.trained("k", [3])]))
    }
  }

  @Test("A weight whose quantization parameters hold for its elements")
  func annotated() throws {
    try expectDeclined("fold-scale-shift", "'conv.w' has a quantization annotation") { net in
      let y = net.conv("conv", net.input("x", [1, 4, 3, 3]), 4, 4)
      net.output(net.node("Mul", "mul", [y, net.trained("k", [4, 1, 1])]))
      net.graph.quantizationAnnotations.append(
        QuantizationAnnotation(
          tensorName: "conv.w", parameters: [MetadataEntry(key: "SCALE_TENSOR", value: "conv.s")]))
    }
  }

  @Test("A Cast through a type that loses something")
  func lossyCasts() throws {
    try expectDeclined("merge-casts", "int64 does not hold every value of float") { net in
      let there = net.node("Cast", "a", [net.input("x", [4])], [Attribute("to", .int(7))])
      net.output(net.node("Cast", "b", [there], [Attribute("to", .int(1))]))
    }
  }

  @Test("Constants that a caller may override")
  func overridable() throws {
    var net = Network()
    let x = net.input("x", [2, 4])
    let k = net.trained("k", [4])
    net.graph.addInput(ValueInfo(k, type: net.graph[k].type))
    net.output(net.node("Add", "add", [net.gemm("fc", x, 4, 4), k]))
    let (result, report) = try apply(try Simplification(), to: net.model())
    #expect(report.applied.isEmpty)
    #expect(result.operators == ["Gemm", "Add"])
  }

  @Test(
    "IR version 4: inputs that list every initializer do so by habit, inputs that list some do not")
  func habit() throws {
    for (listed, expected) in [(["w", "k"], ["Gemm"]), (["k"], ["Gemm", "Mul"])] {
      var net = Network()
      let x = net.input("x", [2, 4])
      let weight = net.trained("w", [4, 4]), k = net.trained("k", [4])
      for name in listed {
        let id = try #require(net.graph.value(named: name))
        net.graph.addInput(ValueInfo(id, type: net.graph[id].type))
      }
      net.output(net.node("Mul", "mul", [net.node("Gemm", "fc", [x, weight]), k]))
      let (result, _) = try apply(try Simplification(), to: net.model(irVersion: 4))
      #expect(result.operators == expected)
      #expect(result.graph.inputs.first.map { result.graph[$0.value].name } == "x")
    }
  }

  @Test("16-bit weights would be rounded twice: they stay")
  func halfPrecision() throws {
    var net = Network()
    let type = ValueType.tensor(TensorType(.float16, [1, 2, 1, 1]))
    let x = net.graph.addFreshValue("x", type: type)
    net.graph.addInput(ValueInfo(x, type: type))
    func half(_ name: String, _ shape: [Int]) -> ValueID {
      net.constant(
        name,
        Tensor(.float16, shape, Storage((0..<shape.reduce(1, *)).map { Float16(1 + $0) })))
    }
    let y = net.node("Conv", "conv", [x, half("w", [2, 2, 1, 1])])
    net.output(net.node("Mul", "mul", [y, half("k", [2, 1, 1])]))
    let (result, _) = try apply(try Simplification(), to: net.model())
    #expect(result.operators == ["Conv", "Mul"])
  }
}
