package import IR
import Kernels

extension LinearQuantization {
  /// The type of quantized elements: the zero-point's, else that of the attribute, else uint8.
  package func outputType(zeroPoint: ElementType?) -> ElementType {
    if let zeroPoint, zeroPoint != .undefined { return zeroPoint }
    return settings.outputType == .undefined ? .uint8 : settings.outputType
  }

  /// Writes output 0 with input 0 quantized.
  package func quantize(_ context: Evaluation) throws(ModelError) {
    let parameters = try parameters(context)
    let zeroType = context.optional(2)?.elementType
    let type = outputType(zeroPoint: zeroType)
    if let zeroType, settings.outputType != .undefined, settings.outputType != zeroType {
      throw context.mismatch(2, expected: "\(settings.outputType)", found: "\(zeroType)")
    }
    let x = try context.floats(0)
    switch NumberFormat(type) {
    case .scalar:
      let y = try context.output(0, type, x.source.shape)
      guard quantizeLinear(x.source, parameters, into: y) else {
        throw context.unsupportedTypes([0, 2])
      }
    case .packed(let bits, let signed):
      let codes = try Scratch(signed ? .int8 : .uint8, x.source.shape, label: context.label)
      let half = Int32(1) << (bits - 1)
      let range = signed ? -half...half - 1 : 0...2 * half - 1
      guard quantizeLinear(x.source, parameters, range: range, into: codes.target) else {
        throw context.unsupportedTypes([0, 2])
      }
      try context.write(codes.source, as: type)
    case .float8, .packedFloat:
      let quotients = try Scratch(.float, x.source.shape, label: context.label)
      guard divideByScale(x.source, parameters, into: quotients.target) else {
        throw context.unsupportedTypes([0, 2])
      }
      try context.write(quotients.source, as: type, rule: settings.rule)
    default:
      throw ModelError(
        .unsupported,
        "\(context.label): expected a type for quantized elements, found \(type)")
    }
    withExtendedLifetime(x) {}
  }

  /// Writes output 0 with input 0 dequantized.
  package func dequantize(_ context: Evaluation) throws(ModelError) {
    let parameters = try parameters(context)
    let x = try context.input(0)
    let codes: Scalar =
      switch NumberFormat(x.elementType) {
      case .scalar(let scalar): scalar
      case .packed(_, let signed): signed ? .int8 : .uint8
      case .float8, .packedFloat: .float
      default: throw context.unsupportedTypes([0])
      }
    let source = try context.numbers(0, as: codes)
    let scale = try context.input(1).elementType
    let type = settings.outputType == .undefined ? scale : settings.outputType
    if type == .float {
      let y = try context.output(0, .float, x.shape)
      guard dequantizeLinear(source.source, parameters, into: y) else {
        throw context.unsupportedTypes([0])
      }
    } else {
      let y = try Scratch(.float, x.shape, label: context.label)
      guard dequantizeLinear(source.source, parameters, into: y.target) else {
        throw context.unsupportedTypes([0])
      }
      try context.write(y.source, as: type)
    }
    withExtendedLifetime(source) {}
  }
}
