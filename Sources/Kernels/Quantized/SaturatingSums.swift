/// Sums of products of unsigned and signed bytes as processors before VNNI compute them: neighbours
/// along the contraction, numbers 2i and 2i + 1, are multiplied and added up in 16 bits, which
/// saturate; the sums of pairs are exact.
///
/// That is the order of ONNX Runtime's kernels, both of products of matrices and of convolutions,
/// whose contraction runs over kernel positions and, within one, over the channels of a group.
/// Where each output channel sees one input channel they multiply in 32 bits instead.
struct SaturatingSums: Sendable {
  /// The number of output channels, and of products that each sums up.
  let columns: Int, length: Int
  private let saturates: Bool
  /// Pairs of weights, `[pairs][columns]`, as floats: products and sums of two are exact.
  private let even: [Float], odd: [Float]
  /// What a zero-point of the left side adds to each sum.
  private let totals: [Int32]

  /// - Parameters:
  ///   - weights: `[columns][length]`.
  ///   - zeroPoint: what stands for 0 in the weights.
  init(_ weights: [Int32], columns: Int, zeroPoint: Int32, saturates: Bool) {
    let length = columns == 0 ? 0 : weights.count / columns
    (self.columns, self.length, self.saturates) = (columns, length, saturates)
    let pairs = (length + 1) / 2
    var even = [Float](repeating: 0, count: pairs * columns), odd = even
    var totals = [Int32](repeating: 0, count: columns)
    for column in 0..<columns {
      for place in 0..<length {
        let weight = weights[column * length + place]
        if place % 2 == 0 {
          even[place / 2 * columns + column] = Float(weight)
        } else {
          odd[place / 2 * columns + column] = Float(weight)
        }
        totals[column] &+= weight
      }
    }
    (self.even, self.odd, self.totals) = (even, odd, totals)
    zero = zeroPoint
  }

  private let zero: Int32
  /// A sum of so many pairs is exact in a float.
  private static let exact = 256

  /// The sums for rows of the left side, `[rows][length]`, with both zero-points taken off.
  ///
  /// - Parameter put: takes the sum of a row and a column.
  func forEach(
    _ rows: UnsafeBufferPointer<UInt8>, rows count: Int, zeroPoint: Int32,
    _ put: (Int, Int, Int32) -> Void
  ) {
    let least: Float = saturates ? -32_768 : -.infinity,
      most: Float = saturates ? 32_767 : .infinity
    var part = [Float](repeating: 0, count: columns)
    var sums = [Int32](repeating: 0, count: columns)
    for row in 0..<count {
      let own = UnsafeBufferPointer(rebasing: rows[row * length..<(row + 1) * length])
      for column in 0..<columns { sums[column] = 0 }
      for first in stride(from: 0, to: (length + 1) / 2, by: Self.exact) {
        let pairs = first..<min(first + Self.exact, (length + 1) / 2)
        add(own, pairs, least, most, into: &part)
        for column in 0..<columns { sums[column] &+= Int32(part[column]) }
      }
      let total = own.reduce(Int32(0)) { $0 &+ Int32($1) } &- zeroPoint &* Int32(length)
      for column in 0..<columns {
        put(row, column, sums[column] &- zeroPoint &* totals[column] &- zero &* total)
      }
    }
  }

  private func add(
    _ row: UnsafeBufferPointer<UInt8>, _ pairs: Range<Int>, _ least: Float, _ most: Float,
    into part: inout [Float]
  ) {
    part.withUnsafeMutableBufferPointer { part in
      even.withUnsafeBufferPointer { even in
        odd.withUnsafeBufferPointer { odd in
          for column in 0..<columns { part[column] = 0 }
          for pair in pairs {
            let a = Float(row[2 * pair]), b = 2 * pair + 1 < length ? Float(row[2 * pair + 1]) : 0
            let start = pair * columns
            for column in 0..<columns {
              let sum = a * even[start + column] + b * odd[start + column]
              let raised = sum > least ? sum : least
              part[column] += raised < most ? raised : most
            }
          }
        }
      }
    }
  }
}
