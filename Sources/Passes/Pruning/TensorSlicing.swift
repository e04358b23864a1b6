internal import IR

extension Tensor {
  /// The tensor with only some indices along each axis.
  ///
  /// - Parameter cut: for each axis nil to keep all, one ascending list of indices, or as many
  ///   lists as axis 0 has equal blocks, the list of a block holding for its rows.
  func sliced(_ cut: [[[Int]]?]) -> Tensor {
    guard let storage, let width = elementType.byteWidth else { return self }
    let shape = dimensions
    let rows = cut.first.flatMap { $0?.first } ?? Array(0..<(shape.first ?? 1))
    let blockCount = cut.compactMap { $0?.count }.max() ?? 1
    let rowsPerBlock = max((shape.first ?? 1) / blockCount, 1)
    let newShape = shape.indices.map { axis in
      axis == 0
        ? rows.count
        : cut[axis].map { lists in (lists.first { !$0.isEmpty } ?? []).count } ?? shape[axis]
    }
    // Behind the last axis that is cut, elements stay together as runs.
    let lastCut = cut.lastIndex { $0 != nil } ?? 0
    let run = shape.dropFirst(lastCut + 1).reduce(1, *)
    // Offsets of the runs that each row keeps, in runs; computed once for each block.
    let offsets = (0..<blockCount).map { block -> [Int] in
      var offsets = [0]
      for axis in shape.indices.dropFirst() where axis <= lastCut {
        let indices = cut[axis].map { $0.count > 1 ? $0[block] : $0[0] } ?? Array(0..<shape[axis])
        offsets = offsets.flatMap { start in indices.map { start * shape[axis] + $0 } }
      }
      return offsets
    }
    let runsInRow = shape.dropFirst().prefix(lastCut).reduce(1, *)
    let total = newShape.reduce(1, *)
    let result = Storage.deferred(count: total * width) { target in
      guard total > 0, let to = target.baseAddress else { return }
      defer { storage.releasePages() }
      storage.withUnsafeBytes { source in
        guard let from = source.baseAddress else { return }
        let bytes = run * width
        var written = 0
        for row in rows {
          let base = row * runsInRow
          for offset in offsets[row / rowsPerBlock % blockCount] {
            to.advanced(by: written).copyMemory(
              from: from.advanced(by: (base + offset) * bytes), byteCount: bytes)
            written += bytes
          }
        }
      }
    }
    var tensor = self
    tensor.dimensions = newShape
    tensor.payload = .bytes(result)
    if case .external = tensor.encoding { tensor.encoding = .raw }
    return tensor
  }
}
