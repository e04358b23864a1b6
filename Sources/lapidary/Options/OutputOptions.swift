import ArgumentParser
import Lapidary
import Platform

/// Where a changed model goes.
struct OutputOptions: ParsableArguments {
  @Option(
    name: [.short, .long], help: "The file to write; - for the standard output.",
    completion: .file())
  var output: String

  @Flag(help: "Allow the output to replace the input, and files of other weights.")
  var force = false

  /// Refuses early what would fail or destroy the input late.
  func check(against inputs: [String]) throws(ModelError) {
    guard output != "-" else { return }
    if FileTree.isFolder(output) {
      throw ModelError(.file, "\"\(output)\": expected a file to write, found a directory")
    }
    let folder = FilePath.folder(of: output)
    guard FileTree.isFolder(folder) else {
      throw ModelError(
        .file, "\"\(output)\": expected a folder to write into, found no folder \"\(folder)\"")
    }
    guard FileTree.isWritable(FileTree.exists(output) ? output : folder) else {
      throw ModelError(
        .file, "\"\(output)\": expected a place to write to, found: permission denied")
    }
    guard !force else { return }
    let target = FilePath.resolved(output)
    for input in inputs where input != "-" {
      if FilePath.resolved(input) == target {
        throw ModelError(
          .request, "\"\(output)\": expected another file than the input, found the same",
          hint: "give --force to replace it")
      }
    }
  }

  /// Writes a model that was made from one read from `source`.
  func write(
    _ model: Model, _ placement: PlacementOptions, from original: Model, at source: String
  ) throws(ModelError) {
    try ONNXFile.write(
      model, to: output, try placement.options(for: original, at: source, self))
  }

  /// Reports go to the standard error when the model goes to the standard output.
  var reportsToStandardError: Bool { output == "-" }
}
