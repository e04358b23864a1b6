/// Writes a matrix of few bits as floats: `(code - zeroPoint)·scale`, `[columns, rows]`.
///
/// - Parameters:
///   - x: for each column, blocks of `blockSize` codes along the rows, each block in whole bytes.
///   - scales: one a block, and as many zero-points.
package func unpackBlocks(
  _ x: UnsafeRawBufferPointer, bits: Int, columns: Int, rows: Int, blockSize: Int,
  scales: [Float], zeroPoints: [Float], into y: Target
) {
  let out = y.elements(Float.self)
  let blocks = (rows + blockSize - 1) / blockSize
  let bytes = (blockSize * bits + 7) / 8
  for column in 0..<columns {
    for block in 0..<blocks {
      let place = column * blocks + block
      let scale = scales[place], zero = zeroPoints[place]
      let first = block * blockSize
      for i in 0..<min(blockSize, rows - first) {
        let code = Float(packedCode(x, place * bytes, i, bits))
        out[column * rows + first + i] = (code - zero) * scale
      }
    }
  }
}

/// The codes of rows that each begin with a new byte, as floats.
package func unpackRows(
  _ x: UnsafeRawBufferPointer, bits: Int, rows: Int, length: Int
) -> [Float] {
  let bytes = (length * bits + 7) / 8
  return (0..<rows * length).map {
    Float(packedCode(x, $0 / length * bytes, $0 % length, bits))
  }
}

/// Code number `index` of those that begin at byte `start`, the first in the lowest bits.
@inline(__always)
private func packedCode(
  _ x: UnsafeRawBufferPointer, _ start: Int, _ index: Int, _ bits: Int
) -> UInt8 {
  let bit = index * bits
  return x[start + bit / 8] >> UInt8(bit % 8) & UInt8(truncatingIfNeeded: (1 << bits) - 1)
}

/// Sums of products as floats: `Float(sum)·scale + bias`, one scale for all or one for each column,
/// and a bias for each column or none. Returns false when counts do not fit.
package func scaleSums(
  _ sums: Source, scales: [Float], bias: [Float], into y: Target
) -> Bool {
  let columns = max(1, bias.isEmpty ? scales.count : bias.count)
  guard sums.scalar == .int32, y.scalar == .float, sums.count == y.count, !scales.isEmpty,
    y.count % columns == 0, scales.count == 1 || scales.count == columns
  else { return false }
  let from = sums.elements(Int32.self), to = y.elements(Float.self)
  for i in 0..<y.count {
    let column = i % columns
    let value = Float(from[i]) * (scales.count == 1 ? scales[0] : scales[column])
    to[i] = bias.isEmpty ? value : value + bias[column]
  }
  return true
}
