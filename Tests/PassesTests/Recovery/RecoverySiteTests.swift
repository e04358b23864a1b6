import Execution
import IR
import Passes
import Samples
import TestSupport
import Testing

/// Which layers recovery adapts. The data of all networks has few directions, so that the channels
/// that are left can stand for those that went.
@Suite("What recovery adapts") struct RecoverySiteTests {
  /// Samples that are mixtures of three patterns.
  private func samples(_ count: Int, _ shape: [Int], seed: UInt64) -> [[String: Tensor]] {
    var patterns = SplitMix64(seed: 77)
    let size = shape.reduce(1, *)
    let basis = (0..<3).map { _ in (0..<size).map { _ in patterns.normal() } }
    var generator = SplitMix64(seed: seed)
    return (0..<count).map { _ in
      let mix = (0..<3).map { _ in generator.normal() }
      let values = (0..<size).map { place in
        zip(mix, basis).reduce(Float(0)) { $0 + $1.0 * $1.1[place] }
      }
      return ["x": Tensor(floats: values, [1] + shape)]
    }
  }

  private func recover(
    _ model: Model, _ shape: [Int]
  ) throws -> LeastSquaresRecovery.Outcome {
    let pruner = try Pruner(model, PruningOptions(target: .ratio(0.5)))
    let result = try pruner.prune(verification: nil)
    return try LeastSquaresRecovery(result, original: pruner.model).run(
      on: SampleRun(samples: samples(48, shape, seed: 1)),
      proof: SampleRun(samples: samples(16, shape, seed: 2)))
  }

  @Test("Products of rank 3 with the bias in an Add behind them")
  func productsAndSums() throws {
    var net = Network()
    let x = net.input("x", [1, 5, 8])
    let hidden = net.node(
      "Add", "sum1",
      [
        net.node("MatMul", "product1", [x, net.trained("w1", [8, 16], axis: 1)]),
        net.trained("b1", [16]),
      ])
    let active = net.node("Relu", "relu", [hidden])
    net.output(
      net.node(
        "Add", "sum2",
        [
          net.trained("b2", [6]),
          net.node("MatMul", "product2", [active, net.trained("w2", [16, 6], axis: 1)]),
        ]))
    let outcome = try recover(net.model(), [5, 8])
    #expect(outcome.after > outcome.before + 3, "\(outcome.before) -> \(outcome.after) dB")
  }

  @Test("Transposed convolutions, with groups and without", arguments: [1, 2])
  func transposed(groups: Int) throws {
    var net = Network()
    let x = net.input("x", [1, 4, 3, 3])
    let hidden = net.node("Relu", "relu", [net.conv("conv", x, 4, 16)])
    let group = [Attribute("group", .int(groups)), Attribute("strides", .ints([2, 2]))]
    net.output(
      net.node(
        "ConvTranspose", "up",
        [hidden, net.trained("up.w", [16, 6 / groups, 2, 2]), net.trained("up.b", [6])], group))
    let outcome = try recover(net.model(), [4, 3, 3])
    #expect(outcome.after > outcome.before + 3, "\(outcome.before) -> \(outcome.after) dB")
  }

  @Test("A layer without a bias gets one")
  func withoutBias() throws {
    var net = Network()
    let x = net.input("x", [1, 4, 3, 3])
    let hidden = net.node("Sigmoid", "gate", [net.conv("conv", x, 4, 16)])
    net.output(net.conv("last", hidden, 16, 3, bias: false))
    let outcome = try recover(net.model(), [4, 3, 3])
    #expect(outcome.after > outcome.before + 3, "\(outcome.before) -> \(outcome.after) dB")
    #expect(try outcome.model.node("last").inputs.count == 3)
  }

  @Test("A product without a place for a bias keeps having none")
  func withoutPlace() throws {
    var net = Network()
    let x = net.input("x", [1, 5, 8])
    let hidden = net.node(
      "Relu", "relu", [net.node("MatMul", "product1", [x, net.trained("w1", [8, 16], axis: 1)])])
    net.output(net.node("MatMul", "product2", [hidden, net.trained("w2", [16, 6], axis: 1)]))
    let outcome = try recover(net.model(), [5, 8])
    #expect(outcome.after > outcome.before + 2, "\(outcome.before) -> \(outcome.after) dB")
    #expect(try outcome.model.node("product2").inputs.count == 2)
  }

  @Test("The last layer before a sum makes up for what the other addend lost, and others do not")
  func sums() throws {
    // What ends in a product with a factor is not adapted.
    func network(_ skipsFirst: Bool) -> Model {
      var net = Network()
      let x = net.input("x", [1, 8])
      func branch(_ name: String, _ width: Int, _ attributes: [Attribute]) -> ValueID {
        let weight = net.trained("\(name)1", [8, width], axis: 1)
        let hidden = net.node(
          "Relu", "\(name)_relu", [net.node("Gemm", "\(name)_in", [x, weight])])
        return net.node(
          "Gemm", "\(name)_out", [hidden, net.trained("\(name)2", [width, 4], axis: 1)], attributes)
      }
      let factor = [Attribute("alpha", .float(0.7))]
      let first = skipsFirst ? branch("skip", 6, factor) : branch("layer", 40, [])
      let second = skipsFirst ? branch("layer", 40, []) : branch("skip", 6, factor)
      net.output(net.node("Add", "sum", [first, second]))
      return net.model()
    }
    let with = try recover(network(true), [8]), without = try recover(network(false), [8])
    #expect(with.after > without.after + 3, "\(with.after) and \(without.after) dB")
  }
}
