package import IR
private import Glibc
private import Kernels

/// Weights that gather the bins of a spectrum into bins of the mel scale
/// (https://onnx.ai/onnx/operators/onnx__MelWeightMatrix.html).
package struct MelWeightMatrix: Operator {
  package static let schema = Schema(
    "MelWeightMatrix", opsets: 17...28,
    signature: """
      17: (T1, T1, T1, T2, T2) -> T3; <output_datatype: int = 1>; T1: int32 int64;
        T2: floats bfloat16; T3: numbers bfloat16
      """)
  package static let traits = Traits(auxiliaryInputs: [0, 1, 2, 3, 4])
  private let elementType: ElementType

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    elementType = try node.elementType("output_datatype") ?? .float
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    for index in 0..<5 { try inputs.requireRank(index, 0...1) }
    let bins = inputs.data(1)?.first.map { $0.floorDivided(by: 2) + 1 }
    return [Inferred(elementType, Shape([bins ?? .unknown, inputs.data(0)?.first ?? .unknown]))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    guard let bins = try context.integer(0), let length = try context.integer(1),
      let rate = try context.integer(2), let low = try context.number(3),
      let high = try context.number(4), (0..<1 << 24).contains(bins),
      (0..<1 << 32).contains(length), rate > 0
    else {
      throw context.mismatch(
        0, expected: "numbers of bins and samples of 0 or more", found: "others")
    }
    let rows = length / 2 + 1
    func mel(_ frequency: Double) -> Double { 2595 * log1p(frequency / 700) / log(10) }
    let step = (mel(high) - mel(low)) / Double(bins + 2)
    var edges: [Int] = []
    for k in 0..<bins + 2 {
      let frequency = 700 * expm1((Double(k) * step + mel(low)) / 2595 * log(10))
      let edge = (Double(length + 1) * frequency / Double(rate)).rounded(.down)
      guard edge >= 0, edge <= Double(rows) else {
        throw context.mismatch(
          4, expected: "frequencies from 0 to half the rate of \(rate)", found: "\(frequency)")
      }
      edges.append(Int(edge))
    }
    var weights = [Double](repeating: 0, count: try context.numberCount([rows, bins]))
    for bin in 0..<bins {
      let (lower, center, upper) = (edges[bin], edges[bin + 1], edges[bin + 2])
      guard lower <= center, center <= upper, center < rows || lower == upper else {
        throw context.mismatch(3, expected: "rising frequencies", found: "\(low) to \(high)")
      }
      if center == lower {
        if center < rows { weights[center * bins + bin] = 1 }
      } else {
        for row in lower...center {
          weights[row * bins + bin] = Double(row - lower) / Double(center - lower)
        }
      }
      for row in center..<min(upper, rows) {
        weights[row * bins + bin] = Double(upper - row) / Double(upper - center)
      }
    }
    try context.write(weights, elementType, [rows, bins])
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    ChannelRule([])
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm {
    .float(reason: "it makes weights of lengths")
  }
}

extension MelWeightMatrix {
  package var gradient: Gradient { .zero }
}
