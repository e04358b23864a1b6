import Execution
import IR
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
    #expect(all.count == 5 + 4 * 2)
  }
}
