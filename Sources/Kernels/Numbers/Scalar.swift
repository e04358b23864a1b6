/// How the elements of a raw buffer are laid out. Kernels take this beside their buffers.
package enum Scalar: Sendable, Hashable {
  case bool, uint8, int8, uint16, int16, uint32, int32, uint64, int64, float, double

  /// Bytes an element.
  package var size: Int {
    switch self {
    case .bool, .uint8, .int8: 1
    case .uint16, .int16: 2
    case .uint32, .int32, .float: 4
    case .uint64, .int64, .double: 8
    }
  }
}

/// Elements read by a kernel: a typed view of a raw buffer, row-major.
package struct Source {
  package let scalar: Scalar
  package let shape: [Int]
  package let bytes: UnsafeRawBufferPointer

  package init(_ scalar: Scalar, _ shape: [Int], _ bytes: UnsafeRawBufferPointer) {
    self.scalar = scalar
    self.shape = shape
    self.bytes = bytes
  }

  /// The number of elements.
  package var count: Int { shape.reduce(1, *) }

  /// The elements as `T`, whose layout must be that of `scalar`.
  package func elements<T>(_ type: T.Type) -> UnsafeBufferPointer<T> {
    bytes.bindMemory(to: T.self)
  }
}

/// Elements written by a kernel.
package struct Target {
  package let scalar: Scalar
  package let shape: [Int]
  package let bytes: UnsafeMutableRawBufferPointer

  package init(_ scalar: Scalar, _ shape: [Int], _ bytes: UnsafeMutableRawBufferPointer) {
    self.scalar = scalar
    self.shape = shape
    self.bytes = bytes
  }

  /// The number of elements.
  package var count: Int { shape.reduce(1, *) }

  /// The elements as `T`, whose layout must be that of `scalar`.
  package func elements<T>(_ type: T.Type) -> UnsafeMutableBufferPointer<T> {
    bytes.bindMemory(to: T.self)
  }
}

/// Row-major strides, in elements.
package func strides(of shape: [Int]) -> [Int] {
  var strides = [Int](repeating: 1, count: shape.count)
  for axis in stride(from: shape.count - 2, through: 0, by: -1) {
    strides[axis] = strides[axis + 1] * shape[axis + 1]
  }
  return strides
}
