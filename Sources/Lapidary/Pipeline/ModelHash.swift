public import IR
internal import ONNXFile

extension Model {
  /// A hash of everything that the model's file holds, the same on every machine: 16 hexadecimal
  /// digits. It ties plans and statistics to their model.
  ///
  public func contentHash() -> String {
    var hash = ContentHash()
    ONNXFile.forEachBlock(of: self) { hash.combine($0) }
    return hash.digest
  }
}
