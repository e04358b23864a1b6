public import IR

/// Reading and writing ONNX files.
///
/// What the graph representation has no place for is kept as encoded, so that writing a model that
/// nothing has changed gives back the file that it was read from.
public enum ONNXFile {
  /// Reads a model, from the standard input for `-`. External data is looked for in the model's
  /// folder.
  ///
  /// Reading checks that the bytes are a model and that tensors hold what their dimensions ask for.
  /// Whether nodes are in order and inputs defined is up to `Model.checkInvariants`.
  ///
  /// Tensors stay in the mapped files: their bytes are read when somebody asks for them. The file
  /// must not change while the model is in use.
  ///
  /// - Parameters:
  ///   - verifyingChecksums: whether external data that comes with a checksum is compared
  ///     with it, for which all of it has to be read.
  ///   - allowingAbsentData: whether files with weights may be missing; their tensors are then absent
  ///     (`Tensor.isAbsent`), and the model's `readingNotes` say so.
  public static func read(
    _ path: String, verifyingChecksums: Bool = true, allowingAbsentData: Bool = false
  ) throws(ModelError) -> Model {
    let file = try FileBytes.read(path, expecting: Framing.Kind.model.rawValue)
    let isStream = path == "-"
    return try noting(FileBytes.label(path)) { () throws(ModelError) in
      try decode(
        file,
        ExternalFiles(
          folder: isStream ? "." : FileBytes.folder(of: path), model: isStream ? nil : path,
          verifiesChecksums: verifyingChecksums, allowsAbsent: allowingAbsentData))
    }
  }

  /// Reads a model and leaves aside the files with its weights, whose tensors are absent.
  package static func readWithoutData(_ path: String) throws(ModelError) -> Model {
    let file = try FileBytes.read(path, expecting: Framing.Kind.model.rawValue)
    return try noting(FileBytes.label(path)) { () throws(ModelError) in
      try decode(file, ExternalFiles(folder: nil, verifiesChecksums: false, allowsAbsent: true))
    }
  }

  /// Decodes a model. External data is looked for in `folder`, and refused without one.
  public static func decode(_ bytes: [UInt8], folder: String? = nil) throws(ModelError) -> Model {
    try decode(Storage(bytes), folder: folder)
  }

  package static func decode(
    _ file: Storage, folder: String?, verifyingChecksums: Bool = true
  ) throws(ModelError) -> Model {
    try decode(file, ExternalFiles(folder: folder, verifiesChecksums: verifyingChecksums))
  }

  private static func decode(
    _ file: Storage, _ external: ExternalFiles
  ) throws(ModelError) -> Model {
    try file.withUnsafeBytes { (bytes) throws(ModelError) in
      try Framing.check(bytes, .model)
      let decoder = Decoder(source: MessageSource(file), external: external)
      var model = try decoder.model(bytes)
      model.readingNotes += external.notes
      return model
    }
  }

  /// Encodes a model, all tensors inside.
  public static func encode(_ model: Model) throws(ModelError) -> [UInt8] {
    var encoder = Encoder()
    return try inline(encoder.model(model)).joinedBytes
  }

  /// How many bytes a model has encoded, all tensors inside, also where no single file holds them.
  public static func byteCount(of model: Model) -> Int {
    var encoder = Encoder()
    return encoder.model(model).count
  }

  /// Calls `body` with the encoded model, all tensors inside, in blocks of one length, of which the
  /// last may be shorter: never with all of it in memory.
  package static func forEachBlock(of model: Model, _ body: (UnsafeRawBufferPointer) -> Void) {
    var encoder = Encoder()
    let size = 1 << 20
    var block: [UInt8] = []
    block.reserveCapacity(size)
    for piece in encoder.model(model).pieces {
      piece.withUnsafeBytes { bytes in
        var rest = bytes[...]
        while !rest.isEmpty {
          let part = rest.prefix(size - block.count)
          block.append(contentsOf: UnsafeRawBufferPointer(rebasing: part))
          rest = rest.dropFirst(part.count)
          guard block.count == size else { continue }
          block.withUnsafeBytes(body)
          block.removeAll(keepingCapacity: true)
        }
      }
      piece.releasePages()
    }
    if !block.isEmpty { block.withUnsafeBytes(body) }
  }

  /// Writes a model, to the standard output for `-`. The file appears whole or not at all; an
  /// existing one keeps its permissions.
  public static func write(
    _ model: Model, to path: String, _ options: WriteOptions = .inline
  ) throws(ModelError) {
    guard case .external(let file) = options else {
      var encoder = Encoder()
      let message = encoder.model(model)
      return try noting(FileBytes.label(path, isOutput: true)) { () throws(ModelError) in
        try FileBytes.write(try inline(message), to: path)
      }
    }
    try WriteOptions.check(external: file, beside: path)
    var encoder = Encoder(external: ExternalLayout(file: file))
    let message = encoder.model(model)
    let contents = encoder.external?.pieces ?? []
    try noting(FileBytes.label(path, isOutput: true)) { () throws(ModelError) in
      // Both files are on the disk before either takes its name.
      let data = try PendingFile(replacing: "\(FileBytes.folder(of: path))/\(file)")
      try data.write(contents)
      let target = try PendingFile(replacing: path)
      try target.write(try inline(message))
      try data.commit()
      try target.commit()
    }
  }

  /// Reads a file that holds one tensor (`TensorProto`), such as a sample of test data.
  public static func readTensor(_ path: String) throws(ModelError) -> Tensor {
    let file = try FileBytes.read(path, expecting: Framing.Kind.tensor.rawValue)
    return try noting(FileBytes.label(path)) { () throws(ModelError) in
      try decodeTensor(file, folder: path == "-" ? "." : FileBytes.folder(of: path))
    }
  }

  /// Decodes a `TensorProto`. External data is looked for in `folder`, and refused without one.
  package static func decodeTensor(
    _ file: Storage, folder: String? = nil
  ) throws(ModelError) -> Tensor {
    try file.withUnsafeBytes { (bytes) throws(ModelError) in
      try Framing.check(bytes, .tensor)
      let decoder = Decoder(
        source: MessageSource(file),
        external: ExternalFiles(folder: folder, verifiesChecksums: true))
      return try decoder.tensor(bytes)
    }
  }

  /// Writes a file that holds one tensor (`TensorProto`).
  public static func writeTensor(_ tensor: Tensor, to path: String) throws(ModelError) {
    var encoder = Encoder()
    let message = encoder.tensor(tensor, name: tensor.name, mayBeExternal: false)
    try noting(FileBytes.label(path, isOutput: true)) { () throws(ModelError) in
      try FileBytes.write(try inline(message), to: path)
    }
  }

  /// The pieces of a message that protobuf can hold.
  private static func inline(_ message: WireWriter) throws(ModelError) -> [Storage] {
    guard message.count <= Int(Int32.max) else {
      throw ModelError(
        .limit, "expected a model of at most 2 GB, found \(message.count) bytes",
        hint: "write its weights to a file of their own with --external FILE")
    }
    return message.pieces
  }
}

extension [Storage] {
  /// All bytes one after the other.
  fileprivate var joinedBytes: [UInt8] {
    let count = reduce(0) { $0 + $1.count }
    return [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
      let target = UnsafeMutableRawBufferPointer(target)
      for piece in self {
        piece.withUnsafeBytes { bytes in
          UnsafeMutableRawBufferPointer(rebasing: target[initialized...]).copyMemory(from: bytes)
        }
        initialized += piece.count
      }
    }
  }
}
