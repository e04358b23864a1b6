import ArgumentParser
import Lapidary

/// `lapidary text`.
struct Text: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Prints a model in ONNX's text syntax, large tensors as shape and digest.",
    discussion: """
      With --full the text holds every element and can be parsed back. With --canonical it depends on \
      what the model computes and not on who exported it: values are numbered, nodes stand in an \
      order of their own, attributes that only say the default are gone.

      Example: lapidary text Fixtures/fashion/fashion.onnx
      """)

  @Argument(help: "The model; - for the standard input.", completion: .file())
  var model: String

  @Flag(help: "Write every element of every tensor.")
  var full = false

  @Flag(help: "Leave the elements and digests of tensors out.")
  var noWeights = false

  @Flag(help: "Use names and an order that do not depend on the exporter.")
  var canonical = false

  func validate() throws {
    if full, noWeights {
      throw ValidationError("--full and --no-weights: expected one of them, found both")
    }
  }

  func run() throws {
    let loaded = try ONNXFile.read(model, allowingAbsentData: true)
    let shown = canonical ? CanonicalForm.of(loaded) : loaded
    let text = shown.text(full ? .full : noWeights ? .noWeights : .digests)
    try Terminal.output.write(full ? text : FileText.shown(text))
    try Terminal.errors.write(
      FileText.shown(loaded.readingNotes.map { "note: \($0)\n" }.joined()))
  }
}
