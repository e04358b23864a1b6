public import IR

extension Dataset {
  /// A hash of the samples and their labels, the same on every machine: 16 hexadecimal digits. It ties
  /// what was measured to what it was measured on.
  ///
  /// - Throws: `ModelError` for a picture that cannot be read.
  public func contentHash() throws(ModelError) -> String {
    var hash = ContentHash()
    hash.combine(count)
    for range in batches(of: 64) {
      for (name, tensor) in try inputs(range).sorted(by: { $0.key < $1.key }) {
        hash.combine(name)
        hash.combine("\(tensor.type)")
        switch tensor.payload {
        case .bytes(let storage): storage.withUnsafeBytes { hash.combine($0) }
        case .strings(let texts): hash.combine("\(texts)")
        }
      }
      releasePages()
    }
    for label in labels ?? [] { hash.combine(label) }
    return hash.digest
  }

  /// The first samples, in whole groups, of the same part.
  ///
  /// - Parameter limit: no more than this, but one group at least.
  public func first(_ limit: Int) -> Dataset {
    let unit = batch ?? 1
    guard limit < count else { return self }
    return Dataset(self, groups: Array(0..<max(1, limit / unit)), as: part)
  }
}
