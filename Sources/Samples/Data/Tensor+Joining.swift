package import IR

extension Tensor {
  /// Joins tensors along the first axis. Nil when their types, their ranks or their other axes
  /// differ; scalars have to be equal.
  package init?(concatenating parts: [Tensor]) {
    guard var whole = parts.first else { return nil }
    if case .strings = whole.payload, !whole.dimensions.isEmpty {
      guard let texts = Tensor(joining: parts, axis: 0) else { return nil }
      self = texts
      return
    }
    guard
      parts.allSatisfy({
        $0.elementType == whole.elementType && $0.dimensions.count == whole.dimensions.count
          && $0.dimensions.dropFirst().elementsEqual(whole.dimensions.dropFirst())
          && $0.storage != nil
      })
    else { return nil }
    if whole.dimensions.isEmpty || parts.count == 1 {
      guard parts.allSatisfy({ $0 == whole }) else { return nil }
      self = whole
      return
    }
    let storages = parts.compactMap(\.storage)
    whole.dimensions[0] = parts.reduce(0) { $0 + $1.dimensions[0] }
    whole.encoding = .raw
    whole.payload = .bytes(
      Storage(count: storages.reduce(0) { $0 + $1.count }) { target in
        var start = 0
        for storage in storages {
          let part = UnsafeMutableRawBufferPointer(rebasing: target[start..<start + storage.count])
          storage.withUnsafeBytes { part.copyMemory(from: $0) }
          start += storage.count
        }
      })
    self = whole
  }
}
