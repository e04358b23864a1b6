internal import IR
internal import Kernels
internal import Operators

/// A product or convolution of numbers that stand for bytes, computed as a processor before VNNI
/// computes it with the bytes: sums of pairs of products saturate at 16 bits (`SaturatingSums`).
///
/// The numbers are those that DequantizeLinear made, so that the bytes follow from them; what comes
/// behind is computed as ever.
final class SaturatingProduct {
  /// How bytes stand for numbers: one scale and zero-point, or one for each output channel.
  struct Parameters {
    let isSigned: Bool
    let scales: [Float]
    let zeroPoint: Int32
  }

  private let form: LinearForm
  private let x: Parameters
  private let w: Parameters

  init(_ form: LinearForm, activation: Parameters, weight: Parameters) {
    (self.form, x, w) = (form, activation, weight)
  }

  /// The numbers that come of it; nil where the operands are not such as it takes.
  func run(
    _ operands: [RuntimeTensor?], _ label: String, _ pool: BufferPool
  ) throws(ModelError) -> RuntimeTensor? {
    guard let a = operands[safe: form.activation] ?? nil,
      let b = operands[safe: form.weight] ?? nil,
      a.elementType == .float, b.elementType == .float, !form.transposesActivation,
      form.weightOutput != nil,
      let shape = form.convolution(activation: a.shape, weight: b.shape),
      a.shape.count == 2 + shape.window.rank || shape.window.rank == 0,
      w.scales.count == 1 || w.scales.count == shape.outputChannels
    else { return nil }
    let outputs = shape.outputChannels, positions = shape.window.outputCount
    let bias = form.bias.flatMap { operands[safe: $0.slot] ?? nil }
    guard bias.map({ $0.elementType == .float && ($0.count == outputs || $0.count == 1) }) ?? true
    else { return nil }
    let left = bytes(a.view, x) { _ in 0 }
    // Weights lie as a convolution has them, [outputs, inputs, …].
    let rows = arranged(b.view, outputs)
    let right = bytes(rows.view, w) { $0 / max(1, rows.count / max(1, outputs)) }
    let results = try pool.tensor(label, .float, resultShape(a.shape, shape))
    let sums = try pool.tensor(label, .int32, [results.count])
    saturatingConvolution(
      shape, left.operand, right.operand, bias: nil,
      into: Target(.int32, [results.count], sums.target))
    let from = sums.bytes.bindMemory(to: Int32.self)
    let to = results.target.bindMemory(to: Float.self)
    let added = bias?.view.elements(Float.self)
    let factor = Float(form.bias?.factor ?? 1)
    for index in 0..<results.count {
      let channel = index / max(1, positions) % outputs
      let scale = x.scales[0] * w.scales[w.scales.count == 1 ? 0 : channel]
      let number = added.map { factor * $0[$0.count == 1 ? 0 : channel] } ?? 0
      let whole = (Double(number) / Double(scale)).rounded(.toNearestOrEven)
      let sum = from[index] &+ (Int32(exactly: min(max(whole, -0x1p31), 0x1p31 - 1)) ?? 0)
      to[index] = Float(sum) * scale * Float(form.alpha)
    }
    return results
  }

  private func resultShape(_ x: [Int], _ shape: ConvolutionShape) -> [Int] {
    shape.window.rank > 0 && form.kind == .convolution
      ? shape.outputShape : Array(x.dropLast()) + [shape.outputChannels]
  }

  /// The weight's elements with the output channels first.
  private func arranged(_ weight: TensorView, _ outputs: Int) -> RuntimeTensor {
    let storage: Storage
    let elements = weight.elements(Float.self)
    if form.weightOutput == 0 {
      storage = Storage(Array(elements))
    } else {
      let inputs = elements.count / max(1, outputs)
      storage = Storage((0..<elements.count).map { elements[$0 % inputs * outputs + $0 / inputs] })
    }
    return RuntimeTensor(Tensor(.float, weight.shape, storage))!
  }

  private final class Bytes {
    let elements: UnsafeMutableBufferPointer<Int32>
    let operand: ByteOperand

    init(_ count: Int, _ parameters: Parameters) {
      elements = .allocate(capacity: count)
      operand = ByteOperand(
        UnsafeBufferPointer(elements), zeroPoint: parameters.zeroPoint,
        isSigned: parameters.isSigned)
    }

    deinit { elements.deallocate() }
  }

  /// The bytes that numbers stand for.
  private func bytes(
    _ view: TensorView, _ parameters: Parameters, channel: (Int) -> Int
  ) -> Bytes {
    let values = view.elements(Float.self)
    let result = Bytes(values.count, parameters)
    let isSingle = parameters.scales.count == 1
    for index in values.indices {
      let scale = parameters.scales[isSingle ? 0 : channel(index)]
      let code = (values[index] / scale).rounded(.toNearestOrEven)
      result.elements[index] =
        (code.magnitude < 1024 ? Int32(code) : 0) &+ parameters.zeroPoint
    }
    return result
  }
}
