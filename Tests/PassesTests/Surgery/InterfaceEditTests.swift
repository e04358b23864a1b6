import Execution
import IR
import Operators
import Passes
import Samples
import TestSupport
import Testing

/// What edits of inputs and outputs do, and what they refuse.
@Suite struct InterfaceEditTests {
  /// A small classifier of pictures whose reshape holds the batch.
  static func classifier(batch: Dimension = 1, target: [Int] = [1, 64]) -> Model {
    var net = Network()
    let x = net.input("image", [batch, 3, 4, 4])
    let c = net.conv("conv", x, 3, 4)
    let r = net.node("Relu", "relu", [c])
    let flat = net.node("Reshape", "flat", [r, net.integers("target", target)])
    net.output(net.gemm("head", flat, 64, 5), [batch, 5])
    return net.model()
  }

  static func run(_ model: Model, _ edits: any GraphEdit...) throws -> (Model, [EditSequence.Step])
  {
    var copy = model
    let steps = try EditSequence(edits).run(&copy, verification: Verification())
    return (copy, steps)
  }

  static func input(_ model: Model, _ index: Int = 0) -> String {
    let info = model.graph.inputs[index]
    return "\(model.graph[info.value].name): \(info.type.map { "\($0)" } ?? "?")"
  }

  static func output(_ model: Model, _ index: Int = 0) -> String {
    let info = model.graph.outputs[index]
    return "\(model.graph[info.value].name): \(info.type.map { "\($0)" } ?? "?")"
  }

  static func isProved(_ steps: [EditSequence.Step]) -> Bool {
    steps.allSatisfy { if case .equal = $0.proof { true } else { $0.proof == .sameComputation } }
  }

  @Test("The batch is opened, targets of reshapes with it, and fixed anew")
  func batch() throws {
    let (open, steps) = try Self.run(Self.classifier(), FreeDimensions())
    #expect(Self.input(open) == "image: float[batch,3,4,4]")
    #expect(Self.output(open) == "head_out: float[batch,5]")
    #expect(Self.isProved(steps))
    #expect(steps[0].report.applied.first?.text == "lengths [1, 64] -> [0, 64]")
    let (eight, more) = try Self.run(open, SetBatch(8))
    #expect(Self.input(eight) == "image: float[8,3,4,4]")
    #expect(Self.output(eight) == "head_out: float[8,5]")
    #expect(Self.isProved(more))
    let (three, last) = try Self.run(Self.classifier(), SetBatch(3))
    #expect(Self.output(three) == "head_out: float[3,5]")
    #expect(Self.isProved(last))
  }

  @Test("A length that may be computed is left to be computed")
  func computedLength() throws {
    // Channels stand in the first axis, so the batch cannot be copied there.
    var net = Network()
    let x = net.input("x", [2, 6])
    let r = net.node("Reshape", "rows", [x, net.integers("target", [4, 3])])
    net.output(r, [4, 3])
    let (open, steps) = try Self.run(net.model(), FreeDimensions())
    #expect(Self.output(open) == "rows_out: float[2*batch,3]")
    #expect(Self.isProved(steps))
  }

  @Test("A batch that a node holds on to is refused with the node")
  func fixedBatch() throws {
    var net = Network()
    let x = net.input("x", [2, 3])
    let sum = net.node(
      "Concat", "both", [x, net.weight("w", [2, 3], seed: 1)], [Attribute("axis", .int(1))])
    net.output(sum, [2, 6])
    let error = try #require(throws: ModelError.self) {
      try Self.run(net.model(), FreeDimensions())
    }
    #expect(error.code == .unsupported || error.code == .verification || error.code == .invalid)
    #expect("\(error)".hasPrefix("batch: "))

    var mean = Network()
    let y = mean.input("x", [2, 3])
    mean.output(
      mean.node(
        "ReduceMean", "mean", [y], [Attribute("axes", .ints([0])), Attribute("keepdims", .int(0))]),
      [3])
    let lost = try #require(throws: ModelError.self) {
      try Self.run(mean.model(), FreeDimensions())
    }
    #expect(
      lost.message
        == "ReduceMean 'mean': expected a result as long as its input, found float[3] whatever 'batch' is"
    )
  }

  @Test("Open dimensions get lengths, everywhere")
  func dimensions() throws {
    let model = Self.classifier(batch: Dimension(symbol: "N"), target: [-1, 64])
    let (fixed, steps) = try Self.run(model, FixDimensions(["N=2"]))
    #expect(
      Self.input(fixed) == "image: float[2,3,4,4]" && Self.output(fixed) == "head_out: float[2,5]")
    #expect(Self.isProved(steps))
    let error = try #require(throws: ModelError.self) {
      try Self.run(model, FixDimensions(["M=2"]))
    }
    #expect(error.message.contains("expected an open dimension of the inputs (N (image:0))"))
  }

  @Test("Names are changed, also two for each other, and one that is taken is refused")
  func names() throws {
    let model = Self.classifier()
    let (renamed, steps) = try Self.run(model, RenameValues(["image=pixels", "head_out=logits"]))
    #expect(Self.input(renamed) == "pixels: float[1,3,4,4]")
    #expect(Self.output(renamed) == "logits: float[1,5]")
    #expect(Self.isProved(steps))
    let (swapped, _) = try Self.run(model, RenameValues(["image=head_out", "head_out=image"]))
    #expect(Self.input(swapped) == "head_out: float[1,3,4,4]")
    let taken = try #require(throws: ModelError.self) {
      try Self.run(model, RenameValues(["image=relu_out"]))
    }
    #expect(taken.message.contains("found 'relu_out', which another value has"))
    let absent = try #require(throws: ModelError.self) {
      try Self.run(model, RenameValues(["a=b"]))
    }
    #expect(absent.message == "expected a value of the model, found 'a', which none is called")
    let near = try #require(throws: ModelError.self) {
      try Self.run(model, RenameValues(["imag=b"]))
    }
    #expect(near.hint == "did you mean 'image'?")
  }

  @Test("Subgraphs read a renamed value by its new name")
  func captures() throws {
    var body = Graph(name: "then")
    let outer = body.addFreshValue("x")
    let result = body.addFreshValue("r")
    body.add(Node("Neg", inputs: [outer], outputs: [result]))
    body.addOutput(ValueInfo(result, type: .tensor(TensorType(.float, [2]))))
    var net = Network()
    let x = net.input("x", [2])
    let condition = net.constant("c", Tensor(.bool, [], Storage([1 as UInt8])))
    net.output(
      net.node(
        "If", "if", [condition],
        [Attribute("then_branch", .graph(body)), Attribute("else_branch", .graph(body))]), [2])
    _ = x
    let (renamed, steps) = try Self.run(net.model(), RenameValues(["x=y"]))
    #expect(Self.input(renamed) == "y: float[2]")
    #expect(Self.isProved(steps))
    let inner = renamed.graph[renamed.graph.nodeIDs[0]].subgraphs
    #expect(inner.allSatisfy { $0.freeNames == ["y"] })
  }

  @Test("Preprocessing goes into the model, for bytes, either layout and order of colours")
  func preprocessing() throws {
    let words = "scale=1/255,mean=0.485:0.456:0.406,std=0.229:0.224:0.225,order=bgr"
    let (edited, steps) = try Self.run(
      Self.classifier(), InsertPreprocessing(try Preprocessing(words)), ChangeLayout(nil, to: .nhwc)
    )
    #expect(Self.input(edited) == "image: uint8[1,4,4,3]")
    #expect(Self.isProved(steps))
    let (floats, more) = try Self.run(
      Self.classifier(), InsertPreprocessing(try Preprocessing("-1-1"), taking: .float))
    #expect(Self.input(floats) == "image: float[1,3,4,4]")
    #expect(Self.isProved(more))
    // The other way round is the same model again.
    let (back, last) = try Self.run(edited, ChangeLayout("image", to: .nchw))
    #expect(Self.input(back) == "image: uint8[1,3,4,4]")
    #expect(Self.isProved(last))
  }

  @Test("What is no picture is refused")
  func noPicture() throws {
    var net = Network()
    net.output(net.node("Relu", "r", [net.input("x", [1, 3])]), [1, 3])
    let model = net.model()
    let error = try #require(throws: ModelError.self) {
      try Self.run(model, InsertPreprocessing(try Preprocessing("0-1"), on: "x"))
    }
    #expect(error.message == "input 'x': expected a batch of pictures in floats, found float[1,3]")
    let none = try #require(throws: ModelError.self) {
      try Self.run(model, ChangeLayout(nil, to: .nhwc))
    }
    #expect(none.message == "expected one input with three axes or more, found 0")
    let grey = try #require(throws: ModelError.self) {
      try Self.run(Self.classifier(), InsertPreprocessing(try Preprocessing("order=grey")))
    }
    #expect(grey.message.contains("one value a pixel for grey"))
  }
}
