import Execution
import IR
import Passes
import Samples
import TestSupport

/// Networks of blocks that are added to their own input, and samples for them.
struct BlockSketches {
  /// Samples that are mixtures of six patterns with a little noise, so that layers can stand for others.
  static func data(_ model: Model, _ shape: [Int], count: Int = 96) throws -> Dataset {
    let size = shape.reduce(1, *)
    var patterns = SplitMix64(seed: 71)
    let basis = (0..<6).map { _ in (0..<size).map { _ in patterns.normal() } }
    var generator = SplitMix64(seed: 5)
    var values: [Float] = []
    for _ in 0..<count {
      let mix = (0..<6).map { _ in generator.normal() }
      for place in 0..<size {
        let sum = zip(mix, basis).reduce(Float(0)) { $0 + $1.0 * $1.1[place] }
        values.append(sum * 0.5 + 0.05 * generator.normal())
      }
    }
    return try Dataset(
      [("x", Tensor(floats: values, [count] + shape))], for: model.graph, label: "data")
  }

  static func setting(_ data: Dataset, threads: Int = 1) -> StageSetting {
    StageSetting(
      options: SessionOptions(threads: threads), verification: Verification(), calibration: data)
  }

  /// Three blocks of two convolutions with Relus behind the sums; the last layer of each is multiplied by
  /// a strength.
  static func residual(_ strengths: [Float] = [0.2, 0.2, 0.2]) -> Model {
    var net = Network()
    let width = 8
    let x = net.input("x", [Dimension(symbol: "N"), 3, 6, 6])
    var y = net.node("Relu", "stem_relu", [scaled(&net, "stem", x, 3, width, 0.3)])
    for (place, strength) in strengths.enumerated() {
      let hidden = net.node(
        "Relu", "inner\(place)", [scaled(&net, "first\(place)", y, width, width, 0.2)])
      let branch = scaled(&net, "second\(place)", hidden, width, width, strength)
      y = net.node("Relu", "relu\(place)", [net.node("Add", "sum\(place)", [branch, y])])
    }
    head(&net, y, width)
    return net.model()
  }

  /// Three blocks that widen, look at neighbours channel by channel, and narrow; nothing is done to sums.
  static func inverted(_ strengths: [Float] = [0.1, 0.1, 0.1]) -> Model {
    var net = Network()
    let width = 6
    let x = net.input("x", [Dimension(symbol: "N"), 3, 6, 6])
    var y = scaled(&net, "stem", x, 3, width, 0.3)
    for (place, strength) in strengths.enumerated() {
      let wide = net.node(
        "HardSwish", "wide\(place)", [scaled(&net, "expand\(place)", y, width, 18, 0.3)])
      let deep = net.node(
        "HardSwish", "deep\(place)",
        [net.conv("depth\(place)", wide, 18, 18, kernel: 3, group: 18)])
      y = net.node(
        "Add", "sum\(place)", [y, scaled(&net, "narrow\(place)", deep, 18, width, strength)])
    }
    head(&net, y, width)
    return net.model()
  }

  /// Two layers of a transformer, with normalisations in front of attention and of the two products behind
  /// it: four blocks.
  static func transformer(_ strength: Float = 0.05) -> Model {
    var net = Network()
    let width = 8
    let x = net.input("x", [Dimension(symbol: "N"), 5, 8])
    var y = product(&net, "embed", x, width, width, 0.3)
    for place in 0..<2 {
      let a = normed(&net, "norm_a\(place)", y, width)
      let queries = product(&net, "q\(place)", a, width, width, 0.2)
      let keys = net.node(
        "Transpose", "turn\(place)", [product(&net, "k\(place)", a, width, width, 0.2)],
        [Attribute("perm", .ints([0, 2, 1]))])
      let scores = net.node(
        "Softmax", "softmax\(place)", [net.node("MatMul", "scores\(place)", [queries, keys])])
      let seen = net.node(
        "MatMul", "seen\(place)", [scores, product(&net, "v\(place)", a, width, width, 0.2)])
      y = net.node(
        "Add", "attention\(place)", [y, product(&net, "o\(place)", seen, width, width, strength)])
      let b = normed(&net, "norm_b\(place)", y, width)
      let hidden = net.node(
        "Relu", "relu\(place)", [product(&net, "up\(place)", b, width, 16, 0.2)])
      y = net.node(
        "Add", "mlp\(place)", [y, product(&net, "down\(place)", hidden, 16, width, strength)])
    }
    net.output(product(&net, "head", normed(&net, "norm", y, width), width, 4, 0.3))
    return net.model()
  }

  /// A pointwise or 3x3 convolution whose weight is multiplied by a factor.
  static func scaled(
    _ net: inout Network, _ name: String, _ x: ValueID, _ from: Int, _ to: Int, _ factor: Float
  ) -> ValueID {
    net.conv(
      name, x, from, to, strengths: [Float](repeating: factor, count: to), bias: factor != 0)
  }

  private static func head(_ net: inout Network, _ y: ValueID, _ width: Int) {
    let flat = net.node("Flatten", "flat", [net.node("GlobalAveragePool", "pool", [y])])
    net.output(net.gemm("head", flat, width, 5))
  }

  private static func product(
    _ net: inout Network, _ name: String, _ x: ValueID, _ from: Int, _ to: Int, _ factor: Float
  ) -> ValueID {
    let strengths = [Float](repeating: factor, count: from)
    let weight = net.trained("\(name).w", [from, to], strengths: strengths)
    let made = net.node("MatMul", name, [x, weight])
    return net.node("Add", "\(name).add", [made, net.trained("\(name).b", [to])])
  }

  private static func normed(
    _ net: inout Network, _ name: String, _ x: ValueID, _ width: Int
  ) -> ValueID {
    net.node(
      "LayerNormalization", name,
      [x, net.trained("\(name).scale", [width]), net.trained("\(name).bias", [width])])
  }
}
