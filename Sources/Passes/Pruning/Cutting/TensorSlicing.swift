package import IR

extension Tensor {
  /// The tensor with only some indices along each axis.
  ///
  /// - Parameter cut: for each axis nil to keep all, one list of indices, or as many lists as axis 0
  ///   has equal blocks, the list of a block holding for its rows.
  package func sliced(_ cut: [[[Int]]?]) -> Tensor {
    if elementType.bitWidth == 4 { return slicedHalves(cut) }
    guard let storage, let width = elementType.byteWidth,
      let runs = KeptRuns(dimensions, cut, width: width)
    else { return self }
    let size = storage.count
    var tensor = self
    tensor.dimensions = dimensions.indices.map { axis in
      axis == 0
        ? runs.rowCount
        : cut[axis].map { lists in (lists.first { !$0.isEmpty } ?? []).count } ?? dimensions[axis]
    }
    let total = tensor.dimensions.reduce(1, *) * width
    guard total == runs.byteCount, runs.sourceByteCount <= size else { return self }
    let copy: Storage.PartFilling = { target, offset in
      storage.withUnsafeBytes { runs.copy(from: $0, to: target, offset: offset) }
      // Parts are asked for in order: behind the last one nobody reads the source.
      if offset + target.count == total { storage.releasePages() }
    }
    // What is computed itself should not be for every part.
    tensor.payload = .bytes(
      storage.isComputed
        ? .deferred(uninitializedCount: total) { copy($0, 0) } : .streamed(count: total, fill: copy)
    )
    if case .external = tensor.encoding { tensor.encoding = .raw }
    return tensor
  }
}

extension Tensor {
  /// The same for elements of which a byte holds two: each is given a byte of its own in between.
  private func slicedHalves(_ cut: [[[Int]]?]) -> Tensor {
    let count = dimensions.reduce(1, *)
    guard let storage, storage.count >= (count + 1) / 2 else { return self }
    let packed: [UInt8] = storage.withUnsafeBytes { [UInt8]($0) }
    let bytes = (0..<count).map { place -> UInt8 in
      let both = packed[place / 2]
      return place % 2 == 0 ? both & 15 : both >> 4
    }
    let wide = Tensor(.uint8, dimensions, Storage(bytes)).sliced(cut)
    guard let storage = wide.storage else { return self }
    let kept: [UInt8] = storage.withUnsafeBytes { [UInt8]($0) }
    var tensor = self
    tensor.dimensions = wide.dimensions
    tensor.payload = .bytes(Storage(kept.packedHalves))
    if case .external = tensor.encoding { tensor.encoding = .raw }
    return tensor
  }
}

/// The bytes of a tensor that a cut keeps, as runs of equal length: behind the last axis that is cut,
/// elements stay together.
private struct KeptRuns: Sendable {
  private let rows: [Int]
  private let rowsPerBlock: Int
  /// The runs that each row of a block keeps, by their places in the row.
  private let places: [[Int]]
  /// The runs that a row has, and those that it keeps.
  private let runsInRow: Int
  private let keptInRow: Int
  private let runSize: Int
  /// The number of bytes that the cut is made from.
  let sourceByteCount: Int

  /// Nil where rows would keep unequal numbers of elements.
  init?(_ shape: [Int], _ cut: [[[Int]]?], width: Int) {
    rows = cut.first.flatMap { $0?.first } ?? Array(0..<(shape.first ?? 1))
    let blockCount = cut.compactMap { $0?.count }.max() ?? 1
    rowsPerBlock = max((shape.first ?? 1) / max(blockCount, 1), 1)
    let lastCut = cut.lastIndex { $0 != nil } ?? 0
    runSize = shape.dropFirst(lastCut + 1).reduce(1, *) * width
    runsInRow = shape.dropFirst().prefix(lastCut).reduce(1, *)
    places = (0..<max(blockCount, 1)).map { block -> [Int] in
      var places = [0]
      for axis in shape.indices.dropFirst() where axis <= lastCut {
        let indices = cut[axis].map { $0.count > 1 ? $0[block] : $0[0] } ?? Array(0..<shape[axis])
        places = places.flatMap { start in indices.map { start * shape[axis] + $0 } }
      }
      return places
    }
    sourceByteCount = shape.reduce(1, *) * width
    let (places, rowsPerBlock) = (places, rowsPerBlock)
    let kept = Set(rows.map { places[$0 / rowsPerBlock % places.count].count })
    guard kept.count <= 1 else { return nil }
    keptInRow = kept.first ?? 0
  }

  var rowCount: Int { rows.count }

  /// The number of bytes that are kept.
  var byteCount: Int { rows.count * keptInRow * runSize }

  /// Copies kept bytes from an offset among them on, as many as `target` takes.
  func copy(
    from source: UnsafeRawBufferPointer, to target: UnsafeMutableRawBufferPointer, offset: Int
  ) {
    guard let from = source.baseAddress, let to = target.baseAddress, runSize > 0, keptInRow > 0
    else { return }
    let end = target.count
    var written = 0
    var (run, start) = offset.quotientAndRemainder(dividingBy: runSize)
    while written < end {
      let row = rows[run / keptInRow]
      let base = from + row * runsInRow * runSize
      let first = run % keptInRow
      let places = places[row / rowsPerBlock % places.count]
      let whole = min(keptInRow - first, (end - written) / runSize)
      if start > 0 || whole == 0 {
        // A part of a run, at either end of the target.
        let count = min(runSize - start, end - written)
        (to + written).copyMemory(from: base + places[first] * runSize + start, byteCount: count)
        written += count
        start = (start + count) % runSize
        run += start == 0 ? 1 : 0
      } else {
        places.withUnsafeBufferPointer {
          copy($0[first..<first + whole], from: base, to: to + written)
        }
        written += whole * runSize
        run += whole
      }
    }
  }

  /// Copies whole runs of one row.
  private func copy(
    _ places: Slice<UnsafeBufferPointer<Int>>, from base: UnsafeRawPointer,
    to target: UnsafeMutableRawPointer
  ) {
    switch runSize {
    case 1: gather(UInt8.self, places, base, target)
    case 2: gather(UInt16.self, places, base, target)
    case 4: gather(UInt32.self, places, base, target)
    case 8: gather(UInt64.self, places, base, target)
    default:
      var written = 0
      var index = places.startIndex
      while index < places.endIndex {
        // Neighbours go together.
        var next = index + 1
        while next < places.endIndex, places[next] == places[next - 1] + 1 { next += 1 }
        let count = (next - index) * runSize
        (target + written).copyMemory(from: base + places[index] * runSize, byteCount: count)
        written += count
        index = next
      }
    }
  }

  @inline(__always)
  private func gather<Element: BitwiseCopyable>(
    _ type: Element.Type, _ places: Slice<UnsafeBufferPointer<Int>>, _ base: UnsafeRawPointer,
    _ target: UnsafeMutableRawPointer
  ) {
    let size = MemoryLayout<Element>.size
    let places = UnsafeBufferPointer(rebasing: places)
    for index in places.indices {
      let element = base.loadUnaligned(fromByteOffset: places[index] * size, as: Element.self)
      target.storeBytes(of: element, toByteOffset: index * size, as: Element.self)
    }
  }
}
