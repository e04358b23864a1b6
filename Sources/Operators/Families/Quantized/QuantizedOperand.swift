import IR
import Kernels

/// The inputs that make up a quantized tensor: elements, scale and zero-point. The scale and the
/// zero-point have one element; the zero-point may be left out.
struct QuantizedOperand: Sendable {
  let elements: Int
  let scale: Int
  let zeroPoint: Int

  init(elements: Int, scale: Int, zeroPoint: Int) {
    self.elements = elements
    self.scale = scale
    self.zeroPoint = zeroPoint
  }

  /// Three inputs in a row.
  init(from first: Int) {
    self.init(elements: first, scale: first + 1, zeroPoint: first + 2)
  }
}

extension Evaluation {
  /// One scale and zero-point for a tensor.
  private func parameters(
    scale: Int, zeroPoint: Int, count: Int
  ) throws(ModelError) -> QuantizedParameters {
    let scales: [Float] = try scales(scale, count: 1)
    let zeros = try integers(zeroPoint) ?? [0]
    guard zeros.count == 1, let zero = Int32(exactly: zeros[0]) else {
      throw mismatch(zeroPoint, expected: "one zero-point", found: "\(zeros.count)")
    }
    return QuantizedParameters(QuantizedLayout(count: count), scales: scales, zeroPoints: [zero])
  }

  /// A quantized operand as floats; in units of the scale in input `unit`, where that is given.
  func dequantized(
    _ operand: QuantizedOperand, unit: Int? = nil
  ) throws(ModelError) -> Scratch {
    let x = try source(operand.elements)
    let floats = try Scratch(.float, x.shape, label: label)
    var parameters = try parameters(
      scale: operand.scale, zeroPoint: operand.zeroPoint, count: x.count)
    if let unit {
      let one: [Float] = try scales(unit, count: 1)
      parameters = QuantizedParameters(
        parameters.layout, scales: [parameters.scales[0] / one[0]],
        zeroPoints: parameters.zeroPoints)
    }
    guard dequantizeLinear(x, parameters, into: floats.target) else {
      throw unsupportedTypes([operand.elements])
    }
    return floats
  }

  /// Quantizes floats: `saturate(rne(x / scale) + zeroPoint)`.
  func quantize(
    _ x: Source, scale: Int, zeroPoint: Int, into y: Target
  ) throws(ModelError) {
    let parameters = try parameters(scale: scale, zeroPoint: zeroPoint, count: x.count)
    guard quantizeLinear(x, parameters, into: y) else { throw unsupportedTypes([zeroPoint]) }
  }

  /// Quantizes floats with the zero-point added before rounding: `saturate(rne(x / scale +
  /// zeroPoint))`. `x` is overwritten; where `isDivided`, it holds `x / scale`.
  func quantizeAfterShift(
    _ x: Target, scale: Int, zeroPoint: Int, isDivided: Bool = false, into y: Target
  ) throws(ModelError) {
    let parameters = try parameters(scale: scale, zeroPoint: zeroPoint, count: x.count)
    let read = Source(x.scalar, x.shape, UnsafeRawBufferPointer(x.bytes))
    if !isDivided { _ = divideByScale(read, parameters, into: x) }
    withUnsafeBytes(of: Float(parameters.zeroPoints[0])) {
      _ = binary(.add, read, Source(.float, [], $0), into: x)
    }
    let plain = QuantizedParameters(
      QuantizedLayout(count: x.count), scales: [1], zeroPoints: [0])
    guard quantizeLinear(read, plain, into: y) else { throw unsupportedTypes([zeroPoint]) }
  }

  /// The type that a quantized output has: that of its zero-point, else that of an operand.
  func quantizedType(zeroPoint: Int, like operand: Int) throws(ModelError) -> ElementType {
    if let given = optional(zeroPoint) { return given.elementType }
    return try input(operand).elementType
  }
}

extension Inputs {
  /// The type that a quantized output has: that of its zero-point, else that of an operand.
  func quantizedType(zeroPoint: Int, like operand: Int) -> ElementType {
    has(zeroPoint) ? elementType(zeroPoint) : elementType(operand)
  }
}

extension QuantizationForm {
  /// The operator computes in integers already.
  static let isInteger = QuantizationForm.float(reason: "is an integer operator already")
}
