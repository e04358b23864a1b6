package import IR
private import Glibc
private import Kernels

/// Classes drawn with probabilities whose logarithms are given, not normalised
/// (https://onnx.ai/onnx/operators/onnx__Multinomial.html).
package struct Multinomial: Operator {
  package static let schema = Schema(
    "Multinomial", opsets: 7...28,
    signature: """
      7: (T1) -> T2; <dtype: int = 6, sample_size: int = 1, seed: float>; T1: floats;
        T2: int32 int64
      22: T1 + bfloat16
      """)
  private let settings: RandomSettings
  private let samples: Int

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    settings = try RandomSettings(node, elementType: .int32)
    samples = try node.int("sample_size", default: 1)
    guard samples >= 1 else {
      throw node.mismatch("sample_size", expected: "1 or more", found: "\(samples)")
    }
  }

  package var isFoldable: Bool { false }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    try inputs.requireRank(0, 2...2)
    let type = settings.elementType ?? .int32
    return [Inferred(type, Shape([inputs.shape(0)?[0] ?? .unknown, .known(samples)]))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let x = try context.input(0)
    try context.require(x.shape.count == 2 && x.shape[1] > 0, 0, "shape [batch,classes]")
    let classes = x.shape[1], values = try context.numbers(0)
    var generator = settings.generator(context.label)
    var drawn: [Double] = []
    drawn.reserveCapacity(try context.numberCount([x.shape[0], samples]))
    for row in 0..<x.shape[0] {
      let scores = values[row * classes..<(row + 1) * classes]
      let largest = scores.max() ?? 0
      var total = 0.0
      let sums = scores.map { score in
        total += exp(score - largest)
        return total
      }
      for _ in 0..<samples {
        let place = generator.uniform() * total
        drawn.append(Double(sums.firstIndex { $0 > place } ?? classes - 1))
      }
    }
    try context.write(drawn, settings.elementType ?? .int32, [x.shape[0], samples])
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .barrier("classes are drawn at random")
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm {
    .float(reason: "classes are drawn at random")
  }
}

extension Multinomial {
  package var gradient: Gradient { .zero }
}
