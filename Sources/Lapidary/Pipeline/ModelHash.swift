public import IR
internal import ONNXFile

extension Model {
  /// A hash of everything that the model's file holds, the same on every machine: 16 hexadecimal
  /// digits. It ties plans and statistics to their model.
  ///
  /// - Throws: what encoding throws, such as for a model of more than 2 GB.
  public func contentHash() throws(ModelError) -> String {
    var hash = ContentHash()
    let bytes = try ONNXFile.encode(self)
    bytes.withUnsafeBytes { hash.combine($0) }
    return hash.digest
  }
}
