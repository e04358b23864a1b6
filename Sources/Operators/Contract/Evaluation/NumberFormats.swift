package import IR
package import Kernels

#if canImport(Glibc)
  private import Glibc
#else
  private import Darwin
#endif

extension NumberFormat {
  /// The layout of an element type; nil for strings, complex numbers and types not known here.
  package init?(_ type: ElementType) {
    if let scalar = Scalar(type) {
      self = .scalar(scalar)
      return
    }
    switch type {
    case .float16: self = .half(.float16)
    case .bfloat16: self = .half(.bfloat16)
    case .float8e4m3fn: self = .float8(.e4m3fn)
    case .float8e4m3fnuz: self = .float8(.e4m3fnuz)
    case .float8e5m2: self = .float8(.e5m2)
    case .float8e5m2fnuz: self = .float8(.e5m2fnuz)
    case .float8e8m0: self = .scale
    case .float4e2m1: self = .packedFloat(.e2m1)
    case .float6e2m3: self = .packedFloat(.e2m3)
    case .float6e3m2: self = .packedFloat(.e3m2)
    case .int4: self = .packed(bits: 4, signed: true)
    case .uint4: self = .packed(bits: 4, signed: false)
    case .int2: self = .packed(bits: 2, signed: true)
    case .uint2: self = .packed(bits: 2, signed: false)
    default: return nil
    }
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

/// Elements that an operator holds while it computes.
package final class Scratch {
  private let bytes: UnsafeMutableRawBufferPointer
  package let scalar: Scalar
  package let shape: [Int]

  /// Memory for a tensor; an error when it does not fit. Nothing is cleared.
  package init(_ scalar: Scalar, _ shape: [Int], label: String) throws(ModelError) {
    // Models say how large this is, so that the memory may not be there.
    guard let count = checkedProduct(shape), count <= 1 << 40,
      let memory = malloc(max(64, count * scalar.size))
    else {
      throw ModelError(
        .limit, "\(label): expected a tensor that fits in memory, found shape \(shape)")
    }
    self.scalar = scalar
    self.shape = shape
    bytes = UnsafeMutableRawBufferPointer(start: memory, count: count * scalar.size)
  }

  deinit { free(bytes.baseAddress) }

  /// The elements for reading.
  package var source: Source { Source(scalar, shape, UnsafeRawBufferPointer(bytes)) }
  /// The elements for writing.
  package var target: Target { Target(scalar, shape, bytes) }
}

extension Evaluation {
  /// An input of any number type with its elements as floats.
  ///
  /// Floats are not copied; the result keeps what memory it needs.
  package func floats(_ index: Int) throws(ModelError) -> Numbers {
    try numbers(index, as: .float)
  }

  /// An input of any number type with its elements in a format that kernels compute in.
  package func numbers(_ index: Int, as scalar: Scalar) throws(ModelError) -> Numbers {
    let view = try input(index)
    guard let format = NumberFormat(view.elementType) else { throw unsupportedTypes([index]) }
    if format == .scalar(scalar) {
      return Numbers(source: Source(scalar, view.shape, view.bytes), owner: nil)
    }
    let scratch = try Scratch(scalar, view.shape, label: label)
    guard
      convert(view.bytes, format, into: scratch.target.bytes, .scalar(scalar), count: view.count)
    else { throw unsupportedTypes([index]) }
    return Numbers(source: scratch.source, owner: scratch)
  }

  /// Writes an output of any number type from elements in a format that kernels compute in.
  package func write(
    _ source: Source, output index: Int = 0, as type: ElementType,
    rule: ConversionRule = ConversionRule()
  ) throws(ModelError) {
    guard let format = NumberFormat(type) else {
      throw ModelError(
        .unsupported, "\(label), output \(index): element type \(type) is not supported")
    }
    let target = try bytes(output: index, type, source.shape)
    _ = convert(
      source.bytes, .scalar(source.scalar), into: target, format, count: source.count, rule: rule)
  }
}

/// Elements for a kernel, and what keeps them alive.
package struct Numbers {
  package let source: Source
  fileprivate let owner: Scratch?

  /// Calls `body` with the elements as `T`, which must be the layout of the source.
  package func withElements<T, R>(
    _ type: T.Type, _ body: (UnsafeBufferPointer<T>) throws(ModelError) -> R
  ) throws(ModelError) -> R {
    let result = try body(source.elements(T.self))
    withExtendedLifetime(owner) {}
    return result
  }

  /// The elements as an array of `T`, which must be the layout of the source.
  package func array<T>(of type: T.Type) -> [T] {
    defer { withExtendedLifetime(owner) {} }
    return Array(source.elements(T.self))
  }
}
