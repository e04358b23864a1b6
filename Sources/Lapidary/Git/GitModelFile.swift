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

    /// The pointer in a file; nil where it holds something else.
    init?(at path: String) {
      var facts = stat()
      guard stat(path, &facts) == 0, facts.st_size < 1024, facts.st_size > 0,
        let bytes = try? TextFile.read(path)
      else { return nil }
      self.init(bytes)
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
      if let pointer = LFSPointer(at: path) {
        guard let object = pointer.object else {
          self = .pointer(pointer)
          return
        }
        self = .model(try ONNXFile.read(object, allowingAbsentData: true))
        return
      }
      self = .model(
        isDetached
          ? try ONNXFile.readWithoutData(path)
          : try ONNXFile.read(path, allowingAbsentData: true))
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

extension GitModelFile {
  /// Whether some weight is in another file that is not here, or not the one that the model was written
  /// with.
  var lacksData: Bool {
    switch self {
    case .model(let model): !model.absentWeights.isEmpty
    case .other: true
    case .none, .pointer: false
    }
  }
}

extension Model {
  /// Weights in other files that are not here.
  fileprivate var absentWeights: [ValueID] {
    graph.initializers.filter { graph[$0].initializer?.isAbsent ?? false }
  }

  /// Makes the weights of two models that are not here equal where their types are, which is all that is
  /// known of them.
  ///
  /// - Returns: what was not compared, in words; nil for nothing.
  static func setApart(_ a: inout Model, _ b: inout Model) -> String? {
    let counts = (a.absentWeights.count, b.absentWeights.count)
    let files = (a.externalFiles, b.externalFiles)
    guard counts != (0, 0) else { return nil }
    for name in Set(a.absentNames).union(b.absentNames) {
      a.forget(name)
      b.forget(name)
    }
    func list(_ names: [String]) -> String {
      names.prefix(3).map { "'\($0)'" }.joined(separator: ", ") + (names.count > 3 ? ", …" : "")
    }
    let count = max(counts.0, counts.1)
    let moved = files.0 == files.1 || files.0.isEmpty || files.1.isEmpty
    return "\(count) \(count == 1 ? "weight" : "weights") in "
      + list(files.0.isEmpty ? files.1 : files.0) + (moved ? "" : ", now \(list(files.1))")
  }

  private var absentNames: [String] { absentWeights.map { graph[$0].name } }

  /// Forgets all of a weight but its type.
  private mutating func forget(_ name: String) {
    guard let id = graph.value(named: name), var tensor = graph[id].initializer else { return }
    tensor.isAbsent = true
    tensor.encoding = .external([])
    graph.setInitializer(id, tensor)
  }
}
