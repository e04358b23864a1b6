package import IR
private import Glibc
private import Kernels

/// Window functions that are sums of cosines: the number of samples in, the samples out.
package protocol CosineWindow: Operator {
  /// `a₀ + a₁·cos(2πn/N) + a₂·cos(4πn/N)`.
  static var coefficients: [Double] { get }
  var settings: CosineWindowSettings { get }
}

/// The attributes of all window functions.
package struct CosineWindowSettings: Sendable {
  package let elementType: ElementType
  package let periodic: Bool

  package init(_ node: NodeView) throws(ModelError) {
    elementType = try node.elementType("output_datatype") ?? .float
    periodic = try node.flag("periodic", default: true)
  }
}

extension CosineWindow {

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    try inputs.requireRank(0, 0...1)
    let count = inputs.data(0)?.first ?? .unknown
    if let count = count.value, count < 0 {
      throw inputs.mismatch(0, expected: "a number of 0 or more", found: "\(count)")
    }
    return [Inferred(settings.elementType, Shape([count]))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    guard let count = try context.integer(0), count >= 0, count <= 1 << 28 else {
      throw context.mismatch(0, expected: "a number from 0 to 268435456", found: "another")
    }
    let period = Double(settings.periodic ? count : count - 1)
    let values = (0..<count).map { n in
      Self.coefficients.enumerated().reduce(0.0) { sum, term in
        sum + term.element * cos(Double(n) * 2 * Double.pi * Double(term.offset) / period)
      }
    }
    try context.write(values, settings.elementType, [count])
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    ChannelRule([])
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm {
    .float(reason: "it makes a window of a length")
  }
}

extension CosineWindow {
  package var gradient: Gradient { .zero }
}
