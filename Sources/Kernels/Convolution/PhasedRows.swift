/// Rows of a tensor in which elements that lie a stride apart are neighbours: first those at the
/// multiples of the stride, then those one behind, and so on. With a stride of 1 the rows themselves.
struct PhasedRows<Element: BitwiseCopyable> {
  private let elements: UnsafePointer<Element>
  private let copy: UnsafeMutablePointer<Element>?
  private let stride: Int
  /// The elements of one phase of a row.
  private let phaseLength: Int
  /// The distance from one row to the next.
  let length: Int

  /// - Parameters:
  ///   - x: `rows` times `width` elements, which must stay while the rows are read.
  ///   - stride: at least 1.
  init(_ x: UnsafePointer<Element>, rows: Int, width: Int, stride: Int) {
    self.stride = stride
    guard stride > 1, rows > 0, width > 0 else {
      (elements, copy, phaseLength, length) = (x, nil, width, width)
      return
    }
    let phaseLength = (width + stride - 1) / stride
    let length = phaseLength * stride
    let copy = UnsafeMutablePointer<Element>.allocate(capacity: rows * length)
    parallel(rows, grain: max(1, 1 << 14 / width)) { range in
      for row in range {
        let (from, to) = (x + row * width, copy + row * length)
        for phase in 0..<stride {
          let count = (width - phase + stride - 1) / stride
          let target = to + phase * phaseLength
          for i in 0..<max(0, count) { (target + i).initialize(to: from[i &* stride &+ phase]) }
          // Never read, but memory is not left as it was found.
          let rest = phaseLength - max(0, count)
          if rest > 0 { (target + max(0, count)).initialize(repeating: from[0], count: rest) }
        }
      }
    }
    (elements, self.copy) = (UnsafePointer(copy), copy)
    (self.phaseLength, self.length) = (phaseLength, length)
  }

  func deallocate() { copy?.deallocate() }

  /// Where the elements `offset`, `offset + stride`, … of a row lie one after another. The offset may
  /// lie outside of the row, where nothing may be read.
  func address(row: Int, offset: Int) -> UnsafePointer<Element> {
    let phase = (offset % stride + stride) % stride
    return elements + (row * length + phase * phaseLength + (offset - phase) / stride)
  }
}
