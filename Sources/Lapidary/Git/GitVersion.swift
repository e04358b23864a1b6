internal import IR
internal import Platform

/// A model as it was in a commit, or as it is in the working tree, with the files of its weights.
struct GitVersion {
  /// Where the model is now; nil where the version has none.
  let path: String?
  /// The names in the repository of the files that hold its weights.
  let files: [String]

  /// A version without the model.
  static let none = GitVersion(path: nil, files: [])

  private init(path: String?, files: [String]) {
    self.path = path
    self.files = files
  }

  /// Takes a model out of a commit into a folder of its own.
  ///
  /// - Parameters:
  ///   - commit: nil for the working tree, where the model stays.
  ///   - name: the model's name below `folder`.
  init(_ commit: String?, _ name: String, in folder: String, to store: String) {
    let own = FilePath.folder(of: name)
    guard let commit else {
      let path = FilePath.join(folder, name)
      self.init(path: path, files: Self.files(of: path).map { FilePath.join(own, $0) })
      return
    }
    let path = FilePath.join(store, FilePath.name(of: name))
    guard FileTree.makeFolder(store), Self.take(commit, name, in: folder, to: path) else {
      self.init(path: path, files: [])
      return
    }
    let files = Self.files(of: path)
    for file in files {
      let target = FilePath.join(store, file)
      let isThere =
        FileTree.makeFolder(FilePath.folder(of: target))
        && Self.take(commit, FilePath.join(own, file), in: folder, to: target)
      // A file that is not there is absent, not empty.
      if !isThere { FileTree.remove(target) }
    }
    self.init(path: path, files: files.map { FilePath.join(own, $0) })
  }

  /// Takes a file out of a commit: what Git LFS keeps of it, where that is in the repository.
  private static func take(
    _ commit: String, _ name: String, in folder: String, to path: String
  ) -> Bool {
    guard GitCommand.write(["show", "\(commit):./\(name)"], in: folder, to: path) else {
      return false
    }
    guard let pointer = GitModelFile.LFSPointer(at: path) else { return true }
    guard let object = pointer.object else { return FilePath.isModel(path) }
    GitCommand.copy(object, to: path)
    return true
  }

  /// The files that a model says its weights are in, below its own folder.
  private static func files(of path: String) -> [String] {
    guard let model = try? ONNXFile.readWithoutData(path) else { return [] }
    return model.externalFiles.filter { name in
      !name.isEmpty && !name.hasPrefix("/") && !name.split(separator: "/").contains("..")
    }
  }
}

extension FilePath {
  /// Whether a name is that of a model.
  fileprivate static func isModel(_ path: String) -> Bool { path.hasSuffix(".onnx") }
}
