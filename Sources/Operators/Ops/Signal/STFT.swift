package import IR
private import Kernels

/// The Fourier transforms of windows that slide over a signal
/// (https://onnx.ai/onnx/operators/onnx__STFT.html).
package struct STFT: Operator {
  package static let schema = Schema(
    "STFT", opsets: 17...28,
    signature: """
      17: (T1, T2, T1?, T2?) -> T1; <onesided: int = 1>; T1: floats bfloat16; T2: int32 int64
      """)
  package static let traits = Traits(auxiliaryInputs: [1, 2, 3])
  private let oneSided: Bool

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    oneSided = try node.flag("onesided", default: true)
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    try inputs.requireRank(0, 2...3)
    try inputs.requireRank(2, 1...1)
    let signal = inputs.shape(0)
    let length =
      inputs.data(3)?.first
      ?? (inputs.has(3) ? .unknown : inputs.has(2) ? inputs.shape(2)?[0] : signal?[1]) ?? .unknown
    let step = inputs.data(1)?.first ?? .unknown
    let total = signal?[1] ?? .unknown
    let frames = step == .known(0) ? .unknown : (total - length).floorDivided(by: step) + 1
    let bins = oneSided ? length.floorDivided(by: 2) + 1 : length
    return [Inferred(inputs.elementType(0), Shape([signal?[0] ?? .unknown, frames, bins, 2]))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let x = try context.input(0)
    let parts = x.shape.count == 3 ? x.shape[2] : 1
    try context.require((2...3).contains(x.shape.count) && (1...2).contains(parts), 0, "a signal")
    guard let step = try context.integer(1), step > 0 else {
      throw context.mismatch(1, expected: "a step above 0", found: "none")
    }
    let window = try context.numbers(2)
    let total = x.shape[1]
    let length = try context.integer(3) ?? (window.isEmpty ? total : window.count)
    guard length > 0, length <= total else {
      throw context.mismatch(3, expected: "a length in [1, \(total)]", found: "\(length)")
    }
    try context.require(
      context.optional(2) == nil || window.count == length, 2, "\(length) elements")
    let frames = (total - length) / step + 1, bins = oneSided ? length / 2 + 1 : length
    let shape = [x.shape[0], frames, bins, 2]
    var output = [Double](repeating: 0, count: try context.numberCount(shape))
    let values = try context.numbers(0)
    let transform = FourierTransform(length: length, isInverse: false)
    for frame in 0..<x.shape[0] * frames {
      let start = frame / frames * total + frame % frames * step
      var signal = ComplexSignal(
        real: [Double](repeating: 0, count: length),
        imaginary: [Double](repeating: 0, count: length))
      for k in 0..<length {
        let weight = window.isEmpty ? 1 : window[k]
        signal.real[k] = values[(start + k) * parts] * weight
        if parts == 2 { signal.imaginary[k] = values[(start + k) * parts + 1] * weight }
      }
      let spectrum = transform(signal)
      for k in 0..<bins {
        output[(frame * bins + k) * 2] = spectrum.real[k]
        output[(frame * bins + k) * 2 + 1] = spectrum.imaginary[k]
      }
    }
    try context.write(output, x.elementType, shape)
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .barrier("a signal's samples and frequencies are numbered")
  }
}

extension STFT {
  package var gradient: Gradient { .none("its derivative is not written") }
}
