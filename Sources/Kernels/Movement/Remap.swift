private import Glibc

/// Copies elements by one index table an axis: `out[i0, i1, …] = in[t0[i0], t1[i1], …]`.
///
/// Where any table holds -1 the element is `fill`. This is what padding, gathering along axes,
/// repeating and nearest-neighbour resizing have in common.
///
/// - Parameters:
///   - shape: the source's shape. The target's has the tables' lengths.
///   - width: bytes an element: 1, 2, 4 or 8.
///   - tables: source indices along each axis, nil for the identity. The caller has checked them.
///   - fill: one element; zero bytes when nil.
package func remap(
  shape: [Int], width: Int, tables: [[Int]?], from source: UnsafeRawPointer,
  to target: UnsafeMutableRawPointer, fill: UnsafeRawPointer? = nil
) {
  switch width {
  case 1: Remap<UInt8>(shape, tables, source, target, fill).execute()
  case 2: Remap<UInt16>(shape, tables, source, target, fill).execute()
  case 4: Remap<UInt32>(shape, tables, source, target, fill).execute()
  default: Remap<UInt64>(shape, tables, source, target, fill).execute()
  }
}

private struct Remap<T: FixedWidthInteger & BitwiseCopyable> {
  /// Source indices along the axes that are left after joining neighbours that stay as they are.
  private var tables: [[Int]] = []
  /// Source strides of those axes.
  private var strides: [Int] = []
  /// Elements that each index of the last axis stands for.
  private var run = 1
  private let source: UnsafePointer<T>
  private let target: UnsafeMutablePointer<T>
  private let fill: T

  /// Consecutive target positions of the last axis that come from consecutive source positions, or
  /// from nowhere (-1).
  private struct Segment {
    var target: Int
    var count: Int
    var source: Int
  }

  init(
    _ shape: [Int], _ tables: [[Int]?], _ source: UnsafeRawPointer,
    _ target: UnsafeMutableRawPointer, _ fill: UnsafeRawPointer?
  ) {
    self.source = source.assumingMemoryBound(to: T.self)
    self.target = target.assumingMemoryBound(to: T.self)
    self.fill = fill?.loadUnaligned(as: T.self) ?? 0
    var stride = 1
    var pendingIdentity = 1
    var joined: [(table: [Int], stride: Int)] = []
    for axis in shape.indices.reversed() {
      if let table = tables[axis] {
        if joined.isEmpty {
          run = pendingIdentity
        } else if pendingIdentity != 1 {
          joined.append((Array(0..<pendingIdentity), stride / max(1, pendingIdentity)))
        }
        pendingIdentity = 1
        joined.append((table, stride))
        stride *= shape[axis]
      } else {
        pendingIdentity *= shape[axis]
        stride *= shape[axis]
      }
    }
    if joined.isEmpty {
      run = pendingIdentity
      joined.append(([0], run))
    } else if pendingIdentity != 1 {
      joined.append((Array(0..<pendingIdentity), stride / max(1, pendingIdentity)))
    }
    self.tables = joined.reversed().map(\.table)
    self.strides = joined.reversed().map(\.stride)
  }

  func execute() {
    guard run > 0, !tables.contains(where: \.isEmpty) else { return }
    let last = tables[tables.count - 1]
    let rowLength = last.count * run
    let segments = segments(last)
    let whole = run * MemoryLayout<T>.stride >= 16 || segments.count * 4 <= last.count
    let offsets = last.map { $0 < 0 ? -1 : $0 * run }
    let outer = tables.count - 1
    let passes = tables.dropLast().reduce(1) { $0 * $1.count }
    let grain = max(1, 128 * 1024 / max(1, rowLength * MemoryLayout<T>.stride))
    guard passes > 1 || !whole else {
      return parallel(segments.count, grain: max(1, segments.count * grain / 8)) { range in
        for segment in segments[range] { copy(segment, from: 0, to: target) }
      }
    }
    parallel(passes, grain: grain) { range in
      var index = [Int](repeating: 0, count: outer)
      var rest = range.lowerBound
      for axis in stride(from: outer - 1, through: 0, by: -1) {
        index[axis] = rest % tables[axis].count
        rest /= tables[axis].count
      }
      var previous = -2
      for pass in range {
        let to = target + pass * rowLength
        let base = base(index)
        if base == previous {
          memcpy(to, to - rowLength, rowLength * MemoryLayout<T>.stride)
        } else if base < 0 {
          to.update(repeating: fill, count: rowLength)
        } else if whole {
          for segment in segments { copy(segment, from: base, to: to) }
        } else {
          gather(offsets, from: source + base, to: to)
        }
        previous = base
        var axis = outer - 1
        while axis >= 0 {
          index[axis] += 1
          if index[axis] < tables[axis].count { break }
          index[axis] = 0
          axis -= 1
        }
      }
    }
  }

  /// The source offset of a row, or -1 when it has no source.
  private func base(_ index: [Int]) -> Int {
    var base = 0
    for axis in index.indices {
      let place = tables[axis][index[axis]]
      guard place >= 0 else { return -1 }
      base += place * strides[axis]
    }
    return base
  }

  private func segments(_ table: [Int]) -> [Segment] {
    var segments: [Segment] = []
    for (position, place) in table.enumerated() {
      if let open = segments.last,
        place < 0 ? open.source < 0 : open.source >= 0 && open.source + open.count == place
      {
        segments[segments.count - 1].count += 1
      } else {
        segments.append(Segment(target: position, count: 1, source: max(place, -1)))
      }
    }
    return segments
  }

  private func copy(_ segment: Segment, from base: Int, to row: UnsafeMutablePointer<T>) {
    let to = row + segment.target * run
    if segment.source < 0 {
      to.update(repeating: fill, count: segment.count * run)
    } else {
      memcpy(to, source + base + segment.source * run, segment.count * run * MemoryLayout<T>.stride)
    }
  }

  /// A row of short pieces, index by index.
  private func gather(_ offsets: [Int], from row: UnsafePointer<T>, to: UnsafeMutablePointer<T>) {
    offsets.withUnsafeBufferPointer { offsets in
      guard run == 1 else {
        for position in offsets.indices {
          let offset = offsets[position]
          for i in 0..<run { to[position &* run &+ i] = offset < 0 ? fill : row[offset &+ i] }
        }
        return
      }
      for position in offsets.indices {
        let offset = offsets[position]
        to[position] = offset < 0 ? fill : row[offset]
      }
    }
  }
}

/// Copies runs of `run` elements of `width` bytes from the given source offsets, one after another.
package func gatherRuns(
  _ offsets: [Int], run: Int, width: Int, from source: UnsafeRawPointer,
  to target: UnsafeMutableRawPointer
) {
  let bytes = run * width
  func single<T: BitwiseCopyable>(_ type: T.Type, _ range: Range<Int>) {
    let (from, to) = (
      source.assumingMemoryBound(to: T.self), target.assumingMemoryBound(to: T.self)
    )
    for position in range { to[position] = from[offsets[position]] }
  }
  parallel(offsets.count, grain: max(1, 128 * 1024 / max(1, bytes))) { range in
    switch (run, width) {
    case (1, 1): single(UInt8.self, range)
    case (1, 2): single(UInt16.self, range)
    case (1, 4): single(UInt32.self, range)
    case (1, 8): single(UInt64.self, range)
    default:
      for position in range {
        memcpy(target + position * bytes, source + offsets[position] * width, bytes)
      }
    }
  }
}

/// Copies consecutive runs of `run` elements of `width` bytes to the given target offsets, in order.
package func scatterRuns(
  _ offsets: [Int], run: Int, width: Int, from source: UnsafeRawPointer,
  to target: UnsafeMutableRawPointer
) {
  func single<T: BitwiseCopyable>(_ type: T.Type) {
    let (from, to) = (
      source.assumingMemoryBound(to: T.self), target.assumingMemoryBound(to: T.self)
    )
    for (position, offset) in offsets.enumerated() { to[offset] = from[position] }
  }
  switch (run, width) {
  case (1, 1): single(UInt8.self)
  case (1, 2): single(UInt16.self)
  case (1, 4): single(UInt32.self)
  case (1, 8): single(UInt64.self)
  default:
    let bytes = run * width
    for (position, offset) in offsets.enumerated() {
      memcpy(target + offset * width, source + position * bytes, bytes)
    }
  }
}
