package import IR
import Kernels

/// What Cast and CastLike share: elements of one type become elements of another.
package protocol Conversion: ValueOperator {}

extension Conversion {
  /// What inference says of a conversion to `type`.
  package func infer(_ inputs: Inputs, to type: ElementType) -> [Inferred] {
    // Lengths survive in the integer types; floats could round them.
    let keeps = type.isInteger && inputs.elementType(0).isInteger
    return [Inferred(type, inputs.shape(0), data: keeps ? inputs.shapeData(0) : nil)]
  }

  /// Converts input 0. The 16-bit floating-point formats are read and written here as well.
  package func convert(_ context: Evaluation, to type: ElementType) throws(ModelError) {
    let x = try context.input(0)
    if x.elementType == type { return try context.copy(as: x.shape) }
    let format = HalfFormat(type)
    guard format != nil || Scalar(type) != nil else {
      throw ModelError(
        .unsupported,
        "\(context.label): conversion from \(x.elementType) to \(type) is not supported")
    }
    let bytes = try context.bytes(output: 0, type, x.shape)
    if let from = HalfFormat(x.elementType) {
      try withFloats(x.shape) { (floats: Target) throws(ModelError) in
        widen(from, x.bytes, into: floats)
        let source = Source(.float, x.shape, UnsafeRawBufferPointer(floats.bytes))
        try finish(context, source, format, type, bytes)
      }
    } else {
      try finish(context, context.source(0), format, type, bytes)
    }
  }

  private func finish(
    _ context: Evaluation, _ x: Source, _ format: HalfFormat?, _ type: ElementType,
    _ bytes: UnsafeMutableRawBufferPointer
  ) throws(ModelError) {
    if let format {
      try withFloats(x.shape) { (floats: Target) throws(ModelError) in
        guard Kernels.convert(x, into: floats) else { throw context.unsupportedTypes([0]) }
        narrow(
          Source(.float, x.shape, UnsafeRawBufferPointer(floats.bytes)), to: format, into: bytes)
      }
    } else if let scalar = Scalar(type) {
      guard Kernels.convert(x, into: Target(scalar, x.shape, bytes)) else {
        throw context.unsupportedTypes([0])
      }
    }
  }

  private func withFloats(
    _ shape: [Int], _ body: (Target) throws(ModelError) -> Void
  ) throws(ModelError) {
    let count = shape.reduce(1, *)
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 4 * count, alignment: 64)
    defer { bytes.deallocate() }
    try body(Target(.float, shape, bytes))
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .elementwise(inputs: [(0, inputs.shape(0))], outputs: outputs)
  }
}

extension HalfFormat {
  /// The format of a 16-bit floating-point type; nil for other types.
  package init?(_ type: ElementType) {
    switch type {
    case .float16: self = .float16
    case .bfloat16: self = .bfloat16
    default: return nil
    }
  }
}
