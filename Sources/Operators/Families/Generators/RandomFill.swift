package import IR
package import Kernels

/// Operators whose elements are drawn at random, each by itself.
///
/// With an attribute `seed` the numbers are those of ONNX's reference evaluator. Without one the
/// standard leaves the seed open; it is made from the node's name then, so that a model gives the
/// same results each time.
package protocol RandomFill: Operator {
  var settings: RandomSettings { get }
  /// The shape; that of input 0 when nil.
  var shape: [Int]? { get }
  /// What each element is drawn from.
  var distribution: RandomDistribution { get }
}

/// What random numbers are drawn from.
package enum RandomDistribution: Sendable {
  case normal(mean: Float, scale: Float)
  /// Evenly between two bounds.
  case uniform(low: Float, high: Float)

  static func normal(_ node: NodeView) throws(ModelError) -> Self {
    .normal(mean: try node.float("mean", default: 0), scale: try node.float("scale", default: 1))
  }

  static func uniform(_ node: NodeView) throws(ModelError) -> Self {
    .uniform(low: try node.float("low", default: 0), high: try node.float("high", default: 1))
  }

  fileprivate func draw(_ generator: inout RandomGenerator) -> Double {
    switch self {
    case .normal(let mean, let scale): Double(mean) + Double(scale) * generator.normal()
    case .uniform(let low, let high): Double(low) + Double(high - low) * generator.uniform()
    }
  }
}

/// The attributes of all operators that draw at random.
package struct RandomSettings: Sendable {
  /// That of input 0 when nil.
  package let elementType: ElementType?
  private let seed: Int?

  package init(_ node: NodeView, elementType: ElementType? = nil) throws(ModelError) {
    self.elementType = try node.elementType("dtype") ?? elementType
    if case .int(let number) = node.attributes.first(where: { $0.name == "seed" })?.value {
      seed = number
    } else if node.has("seed") {
      let number = try node.float("seed")
      seed = Int(exactly: number.rounded(.towardZero))
    } else {
      seed = nil
    }
  }

  /// A generator at its start.
  package func generator(_ label: String) -> RandomGenerator {
    RandomGenerator(seed: seed.map { UInt32(truncatingIfNeeded: $0) } ?? seedOfName(label))
  }
}

/// A number that depends on a name (FNV-1a).
package func seedOfName(_ name: String) -> UInt32 {
  name.utf8.reduce(2_166_136_261) { ($0 ^ UInt32($1)) &* 16_777_619 }
}

extension RandomFill {
  package var isFoldable: Bool { false }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    let shape = shape.map { Shape($0) } ?? inputs.shape(0)
    return [Inferred(settings.elementType ?? inputs.elementType(0), shape)]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let size: [Int]
    if let shape { size = shape } else { size = try context.input(0).shape }
    var generator = settings.generator(context.label)
    let count = try context.numberCount(size)
    let values = (0..<count).map { _ in distribution.draw(&generator) }
    let type = settings.elementType ?? context.optional(0)?.elementType ?? .float
    try context.write(values, type, size)
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .barrier("elements are drawn at random")
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm {
    .float(reason: "elements are drawn at random")
  }
}

extension NodeView {
  /// The attribute with the shape of what is drawn.
  func drawnShape() throws(ModelError) -> [Int] {
    guard let shape = try ints("shape") else {
      throw mismatch("shape", expected: "a list of integers", found: "no such attribute")
    }
    guard checkedProduct(shape) != nil else {
      throw mismatch("shape", expected: "lengths of 0 or more", found: "\(shape)")
    }
    return shape
  }
}

extension RandomFill {
  package var gradient: Gradient { .zero }
}
