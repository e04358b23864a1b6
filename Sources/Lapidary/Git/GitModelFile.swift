private import Glibc
public import IR
internal import Platform

/// A model file as git hands it over: the file itself, nothing where it was added or removed, or the
/// pointer that Git LFS keeps in its place.
public enum GitModelFile: Sendable {
  /// There is none.
  case none
  /// A model.
  case model(Model)
  /// A pointer whose object is not here.
  case pointer(LFSPointer)
  /// Something else, with what is wrong.
  case other(String)

  /// What Git LFS keeps in place of a file.
  public struct LFSPointer: Hashable, Sendable {
    /// The SHA-256 of the file.
    public let oid: String
    /// Its bytes.
    public let size: String

    init?(_ bytes: [UInt8]) {
      guard bytes.count < 1024 else { return nil }
      let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
      guard lines.first?.hasPrefix("version https://git-lfs.github.com/spec/") ?? false,
        let oid = lines.first(where: { $0.hasPrefix("oid sha256:") })?.dropFirst(11),
        oid.count == 64, oid.allSatisfy(\.isHexDigit),
        let size = lines.first(where: { $0.hasPrefix("size ") })?.dropFirst(5)
      else { return nil }
      (self.oid, self.size) = (String(oid), String(size))
    }

    /// The file, where Git LFS has it in the repository.
    var object: String? {
      var folders = [".git"]
      if let folder = Machine.environment("GIT_DIR") {
        folders.insert(folder, at: 0)
      }
      if let common = GitCommand.output(["rev-parse", "--git-common-dir"]) {
        folders.append(common)
      }
      return folders.map {
        "\($0)/lfs/objects/\(oid.prefix(2))/\(oid.dropFirst(2).prefix(2))/\(oid)"
      }
      .first { FileTree.exists($0) }
    }

    /// In words.
    public var text: String {
      "Git LFS pointer: sha256 \(oid), \(size) bytes, not in this repository"
    }
  }

  /// Reads what git names. Never fails: what cannot be read is said.
  ///
  /// - Parameter isDetached: whether to leave external data aside, as for a version that git took out
  ///   of the repository alone.
  public init(_ path: String, isDetached: Bool = false) {
    guard path != "/dev/null", path != "nul" else {
      self = .none
      return
    }
    do throws(ModelError) {
      var facts = stat()
      let size = stat(path, &facts) == 0 ? Int(facts.st_size) : nil
      if size == 0 {
        self = .none
        return
      }
      if let size, size < 1024, let pointer = LFSPointer(try TextFile.read(path)) {
        guard let object = pointer.object else {
          self = .pointer(pointer)
          return
        }
        self = .model(try ONNXFile.read(object, allowingAbsentData: true))
        return
      }
      var model = try ONNXFile.read(path, allowingAbsentData: true)
      if isDetached { model.detachData() }
      self = .model(model)
    } catch {
      self = .other(error.message)
    }
  }

  /// What git shows of the file by itself.
  public var text: String {
    switch self {
    case .none: ""
    case .model(let model): FileText.shown(model.text())
    case .pointer(let pointer): pointer.text + "\n"
    case .other(let problem): "no model that can be read: \(problem)\n"
    }
  }
}

extension Model {
  /// Whether some weight is in another file that is not here.
  var lacksData: Bool {
    graph.initializers.contains { graph[$0].initializer?.isAbsent ?? false }
  }

  /// Forgets the elements of weights in other files, so that they are compared by their references.
  mutating func detachData() {
    for id in graph.initializers {
      guard var tensor = graph[id].initializer, case .external = tensor.encoding else { continue }
      tensor.isAbsent = true
      graph.setInitializer(id, tensor)
    }
  }
}
