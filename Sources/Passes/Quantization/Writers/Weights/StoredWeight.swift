internal import IR
internal import Kernels

/// The integers that weights are stored in.
public enum WeightType: String, Sendable, CaseIterable {
  /// 8 bits with a sign.
  case int8
  /// 4 bits with a sign.
  case int4
  /// 4 bits without a sign.
  case uint4

  /// The integers; symmetric ones without a zero-point, which types without a sign always have.
  func grid(symmetric: Bool) -> IntegerGrid {
    switch self {
    case .int8: symmetric ? IntegerGrid(-127, 127, isSymmetric: true) : Self.bytes
    case .int4: IntegerGrid(-8, 7, isSymmetric: symmetric)
    case .uint4: IntegerGrid(0, 15, isSymmetric: false)
    }
  }

  /// 8 bits with a zero-point.
  static let bytes = IntegerGrid(-128, 127, isSymmetric: false)

  var elementType: ElementType {
    switch self {
    case .int8: .int8
    case .int4: .int4
    case .uint4: .uint4
    }
  }

  /// Bits of one element.
  var bits: Int { self == .int8 ? 8 : 4 }

  /// The ranges that are tried for each block. With 255 levels narrowing gains nothing, but among
  /// slightly wider ranges there are some under which the few values of a block happen to lie near
  /// integers.
  var ranges: BlockRanges {
    switch self {
    case .int8: BlockRanges((0..<40).map { 1 + Float($0) / 1000 })
    case .int4, .uint4:
      BlockRanges((0...50).map { 1 + Float(10 - $0) / 100 }, shifts: [-1, 0, 1])
    }
  }
}

/// A weight as integers with scales.
struct StoredWeight {
  /// One integer a byte, in the order of the weight.
  var integers: [UInt8]
  /// In the order outer, block, inner.
  let scales: [Float]
  /// One a scale; nil where zero stands for zero.
  let zeros: [UInt8]?

  init(
    _ values: [Float], _ shape: BlockShape, _ grid: IntegerGrid, ranges: BlockRanges = .own
  ) {
    var integers = [UInt8](repeating: 0, count: values.count)
    var scales = [Float](repeating: 0, count: shape.scales)
    var zeros = [UInt8](repeating: 0, count: grid.isSymmetric ? 0 : shape.scales)
    values.withUnsafeBufferPointer { x in
      integers.withUnsafeMutableBufferPointer { q in
        scales.withUnsafeMutableBufferPointer { s in
          zeros.withUnsafeMutableBufferPointer { z in
            guard let x = x.baseAddress, let q = q.baseAddress, let s = s.baseAddress else {
              return
            }
            quantizeBlocks(
              x, shape, grid, ranges: ranges, into: q, scales: s,
              zeros: grid.isSymmetric ? nil : z.baseAddress)
          }
        }
      }
    }
    self.integers = integers
    self.scales = scales
    self.zeros = grid.isSymmetric ? nil : zeros
  }
}

extension Tensor {
  /// A tensor of integers that are given as a byte each; those of 4 bits are packed, the first in the
  /// lower half.
  init(_ type: ElementType, _ dimensions: [Int], bytes: [UInt8]) {
    let storage = type.bitWidth == 4 ? Storage(bytes.packedHalves) : Storage(bytes)
    self.init(type, dimensions, storage)
  }
}

extension [UInt8] {
  /// Two elements a byte, the first in the lower half.
  var packedHalves: [UInt8] {
    stride(from: 0, to: count, by: 2).map { index in
      self[index] & 15 | (index + 1 < count ? self[index + 1] << 4 : 0)
    }
  }
}
