import ArgumentParser
import Lapidary

/// `lapidary recipe`.
struct RecipeCommand: ParsableCommand, ChecksOptions {
  static let configuration = CommandConfiguration(
    commandName: "recipe",
    abstract: "Writes a commented recipe for compress, or checks one.",
    discussion: """
      Example: lapidary recipe --init -o recipe.yaml
      """)

  @Flag(name: .customLong("init"), help: "Write a recipe with every key, commented.")
  var isWanted = false

  @Option(
    name: [.short, .long],
    help: ArgumentHelp("The file to write; - for the standard output.", valueName: "FILE.yaml"),
    completion: .file())
  var output = "-"

  @Option(help: ArgumentHelp("The file to check.", valueName: "FILE.yaml"), completion: .file())
  var check: String?

  @Flag(help: "Allow an existing file to be replaced.")
  var force = false

  func checkOptions() throws {
    guard isWanted != (check != nil) else {
      throw ValidationError("expected one of --init and --check")
    }
  }

  func run() throws {
    if let check {
      _ = try Recipe(yaml: String(decoding: try TextFile.read(check), as: UTF8.self))
    }
    guard isWanted else { return }
    guard output != "-" else { return try Terminal.output.write(Recipe.template) }
    guard force || !TextFile.exists(output) else {
      throw ModelError(
        .request, "\"\(output)\": expected a new file, found one that exists",
        hint: "give --force to replace it")
    }
    try TextFile.write(Array(Recipe.template.utf8), to: output)
  }
}
