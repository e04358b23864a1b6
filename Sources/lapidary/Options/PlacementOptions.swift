import ArgumentParser
import Lapidary
import Platform

/// Where the weights of a written model go. By default they stay where the input has them: in the
/// model, or in a file beside it.
struct PlacementOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Put large weights into this file beside the output.", valueName: "FILE"), completion: .file()
  )
  var external: String?

  @Flag(help: "Put all weights into the model file.")
  var inline = false

  func validate() throws {
    if external != nil && inline {
      throw ValidationError("give only one of --external and --inline")
    }
  }

  /// Refuses early what would fail late.
  func check(for original: Model, at source: String, _ output: OutputOptions) throws(ModelError) {
    guard case .external(let file) = try options(for: original, at: source, output) else { return }
    var data = OutputOptions()
    data.output = FilePath.join(FilePath.folder(of: output.output), file)
    data.force = true
    try data.check(against: [])
  }

  /// What the options say for a model that was read from `source`.
  func options(
    for original: Model, at source: String, _ output: OutputOptions
  ) throws(ModelError) -> WriteOptions {
    let files = original.externalFiles
    guard !inline, external != nil || !files.isEmpty && output.output != "-" else {
      return .inline
    }
    let file = external ?? FilePath.name(of: output.output) + ".data"
    try WriteOptions.check(external: file, beside: output.output)
    let data = FilePath.join(FilePath.folder(of: output.output), file)
    let folder = source == "-" ? "." : FilePath.folder(of: source)
    for used in files where !output.force {
      let path = FilePath.join(folder, used)
      guard FilePath.resolved(path) != FilePath.resolved(data) else {
        throw ModelError(
          .request,
          "\"\(data)\": expected another file than the input's weights, found the same",
          hint: "give another name with --external, or --force to replace it")
      }
    }
    guard output.force || !FileTree.exists(data) || isOwn(file, of: output.output) else {
      throw ModelError(
        .request,
        "\"\(data)\": expected a file that does not exist or that the output's weights are in, found another",
        hint: "give another name with --external, or --force to replace it")
    }
    return .external(file: file)
  }

  /// Whether a model that is there already keeps weights in a file beside it.
  private func isOwn(_ file: String, of output: String) -> Bool {
    (try? ONNXFile.read(output))?.externalFiles.contains(file) ?? false
  }
}
