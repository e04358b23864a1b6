private import Glibc

/// Copies elements of `width` bytes (1, 2, 4 or 8) from one strided layout to another.
///
/// Strides and offsets are in elements; a source stride may be 0 (broadcast) or negative. Every
/// element of the target is written at most once. Axes that lie contiguously in both layouts are
/// merged first, so that concatenation, splitting and most slices become runs of bytes.
///
/// - Parameter shape: the length of each axis, outermost first.
package func stridedCopy(
  shape: [Int], width: Int,
  from source: UnsafeRawPointer, strides sourceStrides: [Int], sourceOffset: Int = 0,
  to target: UnsafeMutableRawPointer, strides targetStrides: [Int], targetOffset: Int = 0
) {
  guard !shape.contains(0) else { return }
  let loops = mergedLoops(shape, sourceStrides, targetStrides)
  let from = source + sourceOffset * width
  let to = target + targetOffset * width
  switch width {
  case 1: StridedCopy<UInt8>(loops, from, to).run()
  case 2: StridedCopy<UInt16>(loops, from, to).run()
  case 4: StridedCopy<UInt32>(loops, from, to).run()
  default: StridedCopy<UInt64>(loops, from, to).run()
  }
}

/// One loop of a copy.
struct CopyLoop {
  var count: Int
  var source: Int
  var target: Int
}

/// The loops without those of one pass, neighbours joined where both layouts are contiguous.
private func mergedLoops(_ shape: [Int], _ source: [Int], _ target: [Int]) -> [CopyLoop] {
  var loops: [CopyLoop] = []
  for axis in shape.indices where shape[axis] != 1 {
    let loop = CopyLoop(count: shape[axis], source: source[axis], target: target[axis])
    if let outer = loops.last, outer.source == loop.source * loop.count,
      outer.target == loop.target * loop.count
    {
      loops[loops.count - 1] = CopyLoop(
        count: outer.count * loop.count, source: loop.source, target: loop.target)
    } else {
      loops.append(loop)
    }
  }
  return loops.isEmpty ? [CopyLoop(count: 1, source: 1, target: 1)] : loops
}

/// Bytes that one thread should move at least.
private let bytesPerTask = 128 * 1024

private struct StridedCopy<T: FixedWidthInteger & BitwiseCopyable> {
  let loops: [CopyLoop]
  let source: UnsafePointer<T>
  let target: UnsafeMutablePointer<T>

  init(_ loops: [CopyLoop], _ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer) {
    self.loops = loops
    self.source = source.assumingMemoryBound(to: T.self)
    self.target = target.assumingMemoryBound(to: T.self)
  }

  func run() {
    let inner = loops[loops.count - 1]
    var outer = Array(loops.dropLast())
    if inner.source == 1 && inner.target == 1 {
      copyRuns(outer, inner.count)
    } else if inner.target == 1, let column = outer.firstIndex(where: { $0.source == 1 }) {
      let rows = outer.remove(at: column)
      transpose(rows, inner, outer)
    } else {
      copyStrided(outer, inner)
    }
  }

  /// Runs that are contiguous in both layouts.
  private func copyRuns(_ outer: [CopyLoop], _ count: Int) {
    let width = MemoryLayout<T>.stride
    guard outer.isEmpty else {
      return each(outer, elements: count) { from, to, _ in
        memcpy(target + to, source + from, count * width)
      }
    }
    parallel(count, grain: bytesPerTask * 8 / width) { range in
      memcpy(target + range.lowerBound, source + range.lowerBound, range.count * width)
    }
  }

  private func copyStrided(_ outer: [CopyLoop], _ inner: CopyLoop) {
    each(outer, elements: inner.count) { from, to, _ in
      let source = source + from
      let target = target + to
      if inner.source == 0 && inner.target == 1 {
        target.update(repeating: source.pointee, count: inner.count)
      } else if inner.target == 1 {
        for i in 0..<inner.count { target[i] = source[i &* inner.source] }
      } else {
        for i in 0..<inner.count { target[i &* inner.target] = source[i &* inner.source] }
      }
    }
  }

  /// `rows` is contiguous in the source, `columns` in the target. Works in blocks that stay in the
  /// first-level cache, whichever way they are walked.
  private func transpose(_ rows: CopyLoop, _ columns: CopyLoop, _ outer: [CopyLoop]) {
    let block = 32
    // The bands are one more outer loop, so that a single large matrix is split over threads too.
    let bands = CopyLoop(
      count: (rows.count + block - 1) / block, source: block * rows.source,
      target: block * rows.target)
    each(outer + [bands], elements: min(block, rows.count) * columns.count) { from, to, band in
      let height = min(block, rows.count - band * block)
      var column = 0
      while column < columns.count {
        let width = min(block, columns.count - column)
        transposeBlock(
          source + from + column * columns.source, columns.source, target + to + column,
          rows.target, rows: height, columns: width)
        column += width
      }
    }
  }

  /// `target[r * targetStride + c] = source[c * sourceStride + r]`.
  @inline(__always)
  private func transposeBlock(
    _ source: UnsafePointer<T>, _ sourceStride: Int, _ target: UnsafeMutablePointer<T>,
    _ targetStride: Int, rows: Int, columns: Int
  ) {
    if columns < 8 {
      for c in 0..<columns {
        let from = source + c &* sourceStride
        for r in 0..<rows { target[r &* targetStride &+ c] = from[r] }
      }
    } else if MemoryLayout<T>.stride == 4 {
      transposeWords(source, sourceStride, target, targetStride, rows: rows, columns: columns)
    } else {
      for r in 0..<rows {
        let to = target + r &* targetStride
        for c in 0..<columns { to[c] = source[c &* sourceStride &+ r] }
      }
    }
  }

  /// The same for elements of 4 bytes, in squares of four by four.
  private func transposeWords(
    _ source: UnsafePointer<T>, _ sourceStride: Int, _ target: UnsafeMutablePointer<T>,
    _ targetStride: Int, rows: Int, columns: Int
  ) {
    typealias Word4 = SIMD4<UInt32>
    let wholeRows = rows & ~3
    let wholeColumns = columns & ~3
    for c in stride(from: 0, to: wholeColumns, by: 4) {
      for r in stride(from: 0, to: wholeRows, by: 4) {
        let from = UnsafeRawPointer(source + (c &* sourceStride &+ r))
        let to = UnsafeMutableRawPointer(target + (r &* targetStride &+ c))
        let step = sourceStride &* 4
        let a = from.loadUnaligned(as: Word4.self)
        let b = (from + step).loadUnaligned(as: Word4.self)
        let d = (from + 2 &* step).loadUnaligned(as: Word4.self)
        let e = (from + 3 &* step).loadUnaligned(as: Word4.self)
        let ab = Word4(lowHalf: a.lowHalf, highHalf: b.lowHalf)
        let de = Word4(lowHalf: d.lowHalf, highHalf: e.lowHalf)
        let abHigh = Word4(lowHalf: a.highHalf, highHalf: b.highHalf)
        let deHigh = Word4(lowHalf: d.highHalf, highHalf: e.highHalf)
        let out = targetStride &* 4
        to.storeBytes(
          of: Word4(lowHalf: ab.evenHalf, highHalf: de.evenHalf), as: Word4.self)
        (to + out).storeBytes(
          of: Word4(lowHalf: ab.oddHalf, highHalf: de.oddHalf), as: Word4.self)
        (to + 2 &* out).storeBytes(
          of: Word4(lowHalf: abHigh.evenHalf, highHalf: deHigh.evenHalf), as: Word4.self)
        (to + 3 &* out).storeBytes(
          of: Word4(lowHalf: abHigh.oddHalf, highHalf: deHigh.oddHalf), as: Word4.self)
      }
      for r in wholeRows..<rows {
        for i in c..<c + 4 { target[r &* targetStride &+ i] = source[i &* sourceStride &+ r] }
      }
    }
    for c in wholeColumns..<columns {
      for r in 0..<rows { target[r &* targetStride &+ c] = source[c &* sourceStride &+ r] }
    }
  }

  /// Calls `body` once for each pass through the outer loops, on several threads when that pays,
  /// with the source offset, the target offset and the index of the last of the loops.
  private func each(_ outer: [CopyLoop], elements: Int, _ body: (Int, Int, Int) -> Void) {
    guard !outer.isEmpty else { return body(0, 0, 0) }
    let passes = outer.reduce(1) { $0 * $1.count }
    let grain = max(1, bytesPerTask / max(1, elements * MemoryLayout<T>.stride))
    let last = outer.count - 1
    parallel(passes, grain: grain) { range in
      var index = [Int](repeating: 0, count: outer.count)
      var from = 0
      var to = 0
      var rest = range.lowerBound
      for axis in stride(from: last, through: 0, by: -1) {
        index[axis] = rest % outer[axis].count
        rest /= outer[axis].count
        from += index[axis] * outer[axis].source
        to += index[axis] * outer[axis].target
      }
      for _ in range {
        body(from, to, index[last])
        var axis = last
        while axis >= 0 {
          let loop = outer[axis]
          index[axis] += 1
          from += loop.source
          to += loop.target
          if index[axis] < loop.count { break }
          index[axis] = 0
          from -= loop.source * loop.count
          to -= loop.target * loop.count
          axis -= 1
        }
      }
    }
  }
}
