internal import IR

/// The contents of an external-data file in the making.
struct ExternalLayout {
  /// The name of the file, relative to the model's folder.
  let file: String
  /// The contents so far, padding included.
  private(set) var pieces: [Storage] = []
  private var end = 0

  /// Tensors from this size on go to the file.
  static let threshold = 1 << 10
  /// Tensors from this size on begin at a page, so that they can be mapped by themselves.
  private static let pageThreshold = 1 << 20

  init(file: String) { self.file = file }

  /// Adds elements and returns the entries of `external_data` that say where they are.
  mutating func add(_ storage: Storage) -> [MetadataEntry] {
    let alignment = storage.count >= Self.pageThreshold ? 4096 : 64
    let start = (end + alignment - 1) / alignment * alignment
    if start > end { pieces.append(Storage(count: start - end)) }
    pieces.append(storage)
    end = start + storage.count
    return [
      MetadataEntry(key: "location", value: file), MetadataEntry(key: "offset", value: "\(start)"),
      MetadataEntry(key: "length", value: "\(storage.count)"),
    ]
  }
}
