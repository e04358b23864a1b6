package import IR
private import Kernels

/// A tensor of a given shape with one value throughout
/// (https://onnx.ai/onnx/operators/onnx__ConstantOfShape.html).
package struct ConstantOfShape: Operator {
  package static let schema = Schema(
    "ConstantOfShape", opsets: 9...28,
    signature: """
      9: (T1) -> T2; <value: tensor>; T1: int64; T2: numbers bool
      20: T2 + float8 bfloat16
      21: T2 + int4s
      23: T2 + float4e2m1
      24: T2 + float8e8m0
      25: T2 + int2s
      """)
  package static let traits = Traits(auxiliaryInputs: [0])
  let value: Tensor

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    value = try node.tensor("value") ?? Tensor(floats: [0], [1])
    guard value.count == 1, value.elementType.byteWidth == value.byteCount,
      [1, 2, 4, 8].contains(value.byteCount)
    else {
      throw node.mismatch("value", expected: "a tensor of one number", found: "\(value.type)")
    }
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    try inputs.requireRank(0, 1...1)
    guard let lengths = inputs.data(0) else {
      guard let rank = inputs.shape(0)?[0].value, rank >= 0, rank <= 64 else {
        return [Inferred(value.elementType, nil)]
      }
      return [
        Inferred(value.elementType, Shape([Dimension](repeating: .unknown, count: rank)))
      ]
    }
    if let negative = lengths.compactMap(\.value).first(where: { $0 < 0 }) {
      throw inputs.mismatch(0, expected: "lengths of 0 or more", found: "\(negative)")
    }
    var data: [Dimension]?
    if let count = Shape(lengths).known.flatMap(checkedProduct), count <= 1024,
      let number = value.integers?.first, value.elementType.isInteger
    {
      data = Array(repeating: .known(number), count: count)
    }
    return [Inferred(value.elementType, Shape(lengths), data: data)]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let shape = try context.requiredIntegers(0)
    _ = try context.elementCount(shape)
    let y = try context.bytes(value.elementType, shape)
    guard let storage = value.storage, let to = y.baseAddress else { return }
    storage.withUnsafeBytes { element in
      guard let from = element.baseAddress else { return }
      fill(to, count: y.count / element.count, width: element.count, with: from)
    }
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    guard let shape = outputs.first?.shape else { return ChannelRule([]) }
    return ChannelRule(shape.dimensions.indices.map { .interchangeable(Axis(.output(0), $0)) })
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm {
    .float(reason: "works on shapes")
  }

  package func resize(_ cut: Cut) throws(ModelError) -> [NodeEdit] {
    guard let shape = cut.newShape(.output(0)) else { return [] }
    let changed = cut.changedAxes(.output(0), rank: shape.rank)
    guard !changed.isEmpty else { return [] }
    if let lengths = shape.known { return [cut.integers(0, lengths)] }
    return [.lengths(.input(0), cut.newLengths(.output(0), changed))]
  }
}

extension ConstantOfShape {
  package var gradient: Gradient { .zero }
}
