import Execution
import IR
import ONNXFile
import Samples
import TestSupport
import Testing

@Suite("Shapes to try a model on")
struct SampleShapesTests {
  /// Windows over `x`, whose mean joins the state: the state's second axis must have length 1, and
  /// `x` must be as long as the window.
  private func recurrent(_ batch: Dimension, window: Int) -> Model {
    var net = Network()
    let x = net.input("x", [batch, .unknown])
    let state = net.input("state", [2, .unknown, 3])
    let channel = net.node(
      "Unsqueeze", "channel", [x, net.constant("one", Tensor(int64: [1], [1]))])
    let weight = net.constant(
      "w", Tensor(floats: [Float](repeating: 0.1, count: 3 * window), [3, 1, window]))
    let y = net.node("Conv", "conv", [channel, weight])
    let mean = net.node(
      "ReduceMean", "mean", [y], [Attribute("axes", .ints([2])), Attribute("keepdims", .int(0))])
    let row = net.node("Unsqueeze", "row", [mean, net.constant("zero", Tensor(int64: [0], [1]))])
    net.output(net.node("Concat", "join", [state, row], [Attribute("axis", .int(0))]))
    return net.model()
  }

  @Test("Equal lengths where they do, the smallest")
  func equal() throws {
    var net = Network()
    let x = net.input("x", [.unknown, 3, .unknown, .unknown])
    let weight = net.constant(
      "w", Tensor(floats: [Float](repeating: 0, count: 1200), [1, 3, 20, 20]))
    net.output(net.node("Conv", "conv", [x, weight]))
    #expect(Array(try SampleShapes(for: net.model())).first == [[1, 3, 32, 32]])
  }

  @Test("One length grows where the others may not")
  func single() throws {
    let model = recurrent(.unknown, window: 128)
    #expect(try SampleShapes.first(for: model) == [[1, 224], [2, 1, 3]])
  }

  @Test("No inputs, no open lengths; a network that takes none of the lengths")
  func others() throws {
    var net = Network()
    net.output(net.node("Relu", "relu", [net.input("x", [2, 3])]))
    #expect(Array(try SampleShapes(for: net.model())) == [[[2, 3]]])
    let all = Array(try SampleShapes(for: recurrent(.unknown, window: 5000)))
    #expect(all.first == [[1, 1], [2, 1, 3]])
    // The state follows the batch: only one length is free.
    #expect(all.count == 5)
  }

  private func input(_ names: String..., in net: inout Network) -> ValueID {
    net.input("x", names.map { Dimension(symbol: $0) })
  }

  @Test("Lengths that weights fix follow from them")
  func weights() throws {
    var net = Network()
    let x = input("B", "C", "H", "W", in: &net)
    net.output(net.node("Conv", "conv", [x, net.weight("w", [2, 37, 1, 1], seed: 0)]))
    #expect(try SampleShapes.first(for: net.model()) == [[1, 37, 1, 1]])

    var dense = Network()
    let row = input("unk__0", "unk__1", in: &dense)
    let product = dense.node("MatMul", "matmul", [row, dense.weight("w", [43, 2], seed: 0)])
    dense.output(dense.node("Add", "add", [product, dense.weight("b", [2], seed: 1)]))
    #expect(try SampleShapes.first(for: dense.model()) == [[1, 43]])
  }

  @Test("A number found makes more of the graph known, and other inputs tell too")
  func chain() throws {
    var net = Network()
    let x = input("B", "C", in: &net)
    let y = net.input("y", [Dimension(symbol: "B"), Dimension(symbol: "D")])
    let wide = net.node("MatMul", "matmul", [x, net.weight("w", [5, 11], seed: 0)])
    let joined = net.node(
      "Concat", "join", [wide, net.node("Neg", "neg", [y])], [Attribute("axis", .int(0))])
    net.output(joined)
    #expect(try SampleShapes.first(for: net.model()) == [[1, 5], [1, 11]])
  }

  @Test("A batch that is baked into the graph, as a number or as what must divide it")
  func baked() throws {
    for target in [[4, 6], [-1, 4, 6]] {
      var net = Network()
      let x = net.input("x", [Dimension(symbol: "N"), 2, 3])
      let shape = net.constant("shape", Tensor(int64: target, [target.count]))
      net.output(net.node("Reshape", "reshape", [x, shape]))
      #expect(try SampleShapes.first(for: net.model()) == [[4, 2, 3]], "\(target)")
    }
  }

  @Test("A side that a halving and a doubling must give back is even")
  func divisible() throws {
    var net = Network()
    let x = net.input("x", [Dimension(symbol: "N"), 3, Dimension(symbol: "H")])
    let w = net.weight("w", [4, 3, 3], seed: 0)
    let half = net.node("Conv", "conv", [x, w], [Attribute("strides", .ints([2]))])
    let back = net.node(
      "ConvTranspose", "up", [half, net.weight("v", [4, 3, 3], seed: 1)],
      [Attribute("strides", .ints([2]))])
    net.output(net.node("Concat", "join", [x, back], [Attribute("axis", .int(1))]))
    // 2·floor((H − 3)/2) + 3 = H: odd.
    #expect(try SampleShapes.first(for: net.model())[0][2] % 2 == 1)
  }

  @Test("One name has one length wherever it stands, and larger batches are made on request")
  func state() throws {
    var net = Network()
    let n = Dimension(symbol: "n")
    let x = net.input("x", [n, 5])
    let state = net.input("h", [2, n, 5])
    net.output(net.node("Add", "add", [x, state]))
    #expect(try SampleShapes.first(for: net.model()) == [[1, 5], [2, 1, 5]])
    #expect(try SampleShapes.first(for: net.model(), batch: 3) == [[3, 5], [2, 3, 5]])
    let folder = try TemporaryFolder()
    try ONNXFile.write(net.model(), to: folder["m.onnx"])
    let outcome = try Command.run(
      ["run", "m.onnx", "--inputs", "random:3", "-o", "out"], in: folder.path)
    #expect(outcome.status == 0, "\(outcome.errors)")
  }

  @Test("A model that no shape fits has shapes to try all the same, and running it is an error")
  func contradictory() throws {
    var net = Network()
    let x = net.input("x", [2, 3])
    net.output(net.node("Add", "add", [x, net.weight("w", [2, 4], seed: 0)]))
    #expect(try SampleShapes.first(for: net.model()) == [[2, 3]])
    let folder = try TemporaryFolder()
    try ONNXFile.write(net.model(), to: folder["m.onnx"])
    let outcome = try Command.run(
      ["run", "m.onnx", "--inputs", "random:3", "-o", "out"], in: folder.path)
    #expect(outcome.status == 2, "\(outcome.errors)")
    #expect(outcome.errors.contains("broadcast"), "\(outcome.errors)")
  }
}
