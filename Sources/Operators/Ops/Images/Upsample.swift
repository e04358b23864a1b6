package import IR
import Kernels

/// The name of Resize before opset 10 (https://onnx.ai/onnx/operators/onnx__Upsample.html).
package struct Upsample: Resampler {
  package static let schema = Schema(
    "Upsample", opsets: 7...9,
    signature: """
      1: (T) -> T; <height_scale: float!, mode: string = nearest, width_scale: float!>;
        T: floats int32 int64 bool
      7: <mode: string = nearest, scales: floats!>;
        T + unsigned int8 int16 string complex64 complex128
      9: (T, float) -> T; <mode: string = nearest>
      """)
  package static let traits = Traits(auxiliaryInputs: [1])
  private let resizing: Resizing
  /// Scales as an attribute, before opset 9.
  private let scales: [Float]?

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    resizing = try Resizing(mode: node.string("mode", default: "nearest"), node)
    scales = opset < 9 ? try node.floats("scales") : nil
    guard opset < 9 ? scales != nil : node.inputs.count == 2 else {
      throw ModelError(.invalid, "\(node.label): expected scales, found none")
    }
  }

  private func scales(_ inputs: Inputs) -> [Float]? { scales ?? inputs[1]?.constant?.floats }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    let type = inputs.type(0)
    guard var shape = type.shape else { return [Inferred(type.elementType, nil)] }
    let scales = scales(inputs)
    if let scales, scales.count != shape.rank {
      throw inputs.mismatch(
        0, expected: "rank \(scales.count), one scale an axis", found: "\(type)")
    }
    for axis in shape.dimensions.indices {
      shape[axis] = scales.map { Resizing.scaled(shape[axis], $0[axis]) } ?? .unknown
    }
    return [Inferred(type.elementType, shape)]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) { try resample(context) }

  func plan(_ context: Evaluation) throws(ModelError) -> (Resizing, [ResampledAxis]) {
    let shape = try context.input(0).shape
    let read = try context.scales(1)
    let scales = scales ?? read ?? []
    guard scales.count == shape.count else {
      throw context.mismatch(
        0, expected: "rank \(scales.count), one scale an axis", found: "\(shape)")
    }
    var plan: [ResampledAxis] = []
    for (length, scale) in zip(shape, scales) {
      guard let target = Resizing.scaled(length, scale) else {
        throw ModelError(.invalid, "\(context.label): expected scales above 0, found \(scales)")
      }
      plan.append(
        ResampledAxis(source: length, target: target, scale: scale, transform: .asymmetric))
    }
    return (resizing, plan)
  }

  package func isIdentity(_ inputs: Inputs, _ outputs: [TensorType]) -> Bool {
    scales(inputs)?.allSatisfy { $0 == 1 } ?? false
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    guard let scales = scales(inputs) else { return .barrier("scales are not constant") }
    return resizing.channels(
      inputs.shape(0), resized: Set(scales.indices.filter { scales[$0] != 1 }))
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm { resizing.quantization }
}

extension Upsample {
  package var gradient: Gradient { resampledBack }
}

extension Upsample {
  package static let revisions: [Revision] = [
    .operand("scales", becomes: 1, as: .floats, from: 9),
    // Its scales only enlarge, which those of Resize need not: the rounding is said beforehand.
    Revision(
      10,
      up: { edit in
        guard edit.constant(1) == nil, edit.target > 10 else { return }
        edit.set(Resize.rounding, .string(Array(NearestRounding.floor.rawValue.utf8)))
      }),
    .renamed(10, from: schema.op.type, to: Resize.schema.op.type),
  ]
}
