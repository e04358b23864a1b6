private import Glibc
internal import IR

/// The files beside a model that hold tensors, each mapped when a tensor first asks for it.
///
/// A model may be anyone's, so only files in its own folder are opened, whatever the model says; where
/// the model itself is reached through a link, as in the caches of model hubs, also files in the
/// folder that the link leads to.
final class ExternalFiles {
  private let folder: String?
  private let model: String?
  private let verifiesChecksums: Bool
  private let allowsAbsent: Bool
  private var files: [String: Storage] = [:]
  /// Digests of whole files.
  private var digests: [String: String] = [:]

  /// How many tensors each file that was not found should hold.
  private(set) var absent: [String: Int] = [:]

  /// Looks for files in `folder`; nil when the model did not come from a file. With files that may be
  /// absent and no folder, all are.
  ///
  /// - Parameters:
  ///   - model: the path of the model; nil where it is not known.
  ///   - allowsAbsent: whether a file that is not there is no error.
  init(
    folder: String?, model: String? = nil, verifiesChecksums: Bool, allowsAbsent: Bool = false
  ) {
    self.folder = folder
    self.model = model
    self.verifiesChecksums = verifiesChecksums
    self.allowsAbsent = allowsAbsent
  }

  /// A line for each file that was not found.
  var notes: [String] {
    absent.sorted { $0.key < $1.key }.map { location, count in
      "external data '\(location)' was not found: the elements of \(count) tensor"
        + "\(count == 1 ? " are" : "s are") not known"
    }
  }

  /// The elements that the entries of `external_data` name; nil where their file is not there and
  /// that is no error.
  ///
  /// - Parameter byteCount: the bytes that the tensor needs, nil for a type not known here.
  func storage(
    _ entries: [MetadataEntry], byteCount: Int?, _ title: String
  ) throws(ModelError) -> Storage? {
    let location = entries.last { $0.key == "location" }?.value ?? ""
    let offset = try number("offset", entries, title) ?? 0
    let length = try number("length", entries, title)
    if let length, let byteCount, length != byteCount {
      throw ModelError(
        .malformed, "\(title): expected \(byteCount) bytes of external data, found \(length)")
    }
    let found = try noting("external data '\(location)'") { () throws(ModelError) in
      try open(location)
    }
    guard let file = found else {
      absent[location, default: 0] += 1
      return nil
    }
    let available = file.count - offset
    let count = length ?? byteCount ?? available
    guard available >= 0, count <= available else {
      throw ModelError(
        .malformed,
        "\(title): expected \(count) bytes at offset \(offset) of external data '\(location)', found"
          + " a file of \(file.count)")
    }
    let slice = file.slice(offset..<offset + count)
    if verifiesChecksums, let wanted = entries.last(where: { $0.key == "checksum" })?.value {
      try verify(wanted, slice, location, title)
    }
    return slice
  }

  /// Compares with the SHA-1 of the file, which is what ONNX defines, or of the tensor's own bytes,
  /// which is what some writers put there.
  private func verify(
    _ checksum: String, _ slice: Storage, _ location: String, _ title: String
  ) throws(ModelError) {
    let wanted = checksum.lowercased()
    defer { slice.releasePages() }
    guard slice.withUnsafeBytes({ SHA1.hexDigest($0) }) != wanted else { return }
    guard let file = files[location] else { return }
    let digest = digests[location] ?? file.withUnsafeBytes { SHA1.hexDigest($0) }
    digests[location] = digest
    file.releasePages()
    guard digest == wanted else {
      throw ModelError(
        .malformed,
        "\(title): expected external data '\(location)' with the SHA-1 checksum \(checksum), found"
          + " \(digest)")
    }
  }

  private func number(
    _ key: String, _ entries: [MetadataEntry], _ title: String
  ) throws(ModelError) -> Int? {
    guard let text = entries.last(where: { $0.key == key })?.value else { return nil }
    guard let value = Int(text), value >= 0 else {
      throw ModelError(
        .malformed,
        "\(title): expected a number of bytes as \(key) of external data, found '\(text)'")
    }
    return value
  }

  /// The path without `.` and `..`, by its text alone; nil where it leaves the folder it starts in.
  ///
  /// By text, because a link in the middle would make `..` mean another folder.
  private static func inside(_ location: String) -> String? {
    var parts: [Substring] = []
    for part in location.split(separator: "/", omittingEmptySubsequences: false) where part != "." {
      if part == ".." {
        guard parts.popLast() != nil else { return nil }
      } else {
        guard !part.isEmpty else { return nil }
        parts.append(part)
      }
    }
    return parts.isEmpty ? nil : parts.joined(separator: "/")
  }

  private func open(_ location: String) throws(ModelError) -> Storage? {
    if let file = files[location] { return file }
    guard let folder else {
      if allowsAbsent { return nil }
      throw ModelError(
        .file, "expected a model in a file, to look for it in the same folder, found one in memory")
    }
    guard let inside = Self.inside(location) else {
      throw ModelError(
        .file, "expected a path inside the model's folder, found '\(location)'")
    }
    let path = "\(folder)/\(inside)"
    guard let real = realpath(path, nil) else {
      if allowsAbsent, errno == ENOENT { return nil }
      throw ModelError(
        .file, "expected a file in \"\(folder)\", found \(FileBytes.systemMessage())")
    }
    defer { free(real) }
    let target = String(cString: real)
    guard roots(folder).contains(where: { target.hasPrefix($0 == "/" ? $0 : $0 + "/") }) else {
      throw ModelError(.file, "expected a file in the model's folder, found a link that leaves it")
    }
    // Opened by its real path, so that the check above holds for what is opened.
    let descriptor = Glibc.open(real, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw ModelError(.file, "expected a readable file, found \(FileBytes.systemMessage())")
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw ModelError(.file, "expected a regular file, found another kind")
    }
    let file = try FileBytes.bytes(of: descriptor, expecting: "external data")
    files[location] = file
    return file
  }

  /// The real paths of the folders whose files may be opened.
  private func roots(_ folder: String) -> [String] {
    func real(_ path: String) -> String? {
      guard let path = realpath(path, nil) else { return nil }
      defer { free(path) }
      return String(cString: path)
    }
    return [real(folder), model.flatMap(real).map(FileBytes.folder)].compactMap { $0 }
  }
}
