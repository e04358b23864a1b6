internal import IR

/// Labels, slice by slice along an axis.
extension AxisSpan {
  /// Calls `body` with the labels of a slice.
  func forEach(
    _ slice: Int, in labels: UnsafeBufferPointer<Int64>, _ body: (Int64) -> Void
  ) {
    for block in 0..<outer {
      let start = start(block: block, index: slice)
      for index in start..<start + inner { body(labels[index]) }
    }
  }

  /// Whether a label of a slice passes a test.
  func contains(
    _ slice: Int, in labels: UnsafeBufferPointer<Int64>, _ test: (Int64) -> Bool
  ) -> Bool {
    for block in 0..<outer {
      let start = start(block: block, index: slice)
      for index in start..<start + inner where test(labels[index]) { return true }
    }
    return false
  }
}

extension Tensor {
  /// Labels: integers that say at which index along an axis an element lies.
  init(labelling shape: [Int], along axis: Int) {
    let count = shape.reduce(1, *)
    let storage = Storage(uninitializedCount: count * MemoryLayout<Int64>.stride) { bytes in
      let target = bytes.bindMemory(to: Int64.self)
      let inner = AxisSpan(shape, axis: axis).inner
      var label = 0
      for start in stride(from: 0, to: count, by: max(inner, 1)) {
        target[start..<start + inner].initialize(repeating: Int64(label))
        label = label + 1 == shape[axis] ? 0 : label + 1
      }
    }
    self.init(.int64, shape, storage)
  }

  /// The label of each slice along an axis; nil when a slice holds several.
  func labels(along axis: Int) -> [Int]? {
    guard dimensions.indices.contains(axis) else { return nil }
    let slices = AxisSpan(dimensions, axis: axis)
    var found: [Int]?
    withLabels { labels in
      var all: [Int] = []
      for slice in 0..<slices.length {
        var label: Int64?
        slices.forEach(slice, in: labels) { label = label == nil || label == $0 ? $0 : -1 }
        guard let label, label >= 0 else { return }
        all.append(Int(label))
      }
      found = all
    }
    return found
  }

  /// Calls `body` with the labels that a tracing left; not at all for other tensors.
  func withLabels(_ body: (UnsafeBufferPointer<Int64>) -> Void) {
    guard elementType == .int64, let storage else { return }
    storage.withUnsafeBytes { body($0.bindMemory(to: Int64.self)) }
  }
}
