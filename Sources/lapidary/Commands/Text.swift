import ArgumentParser
import Lapidary

/// `lapidary text`.
struct Text: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Prints a model in ONNX's text syntax, large tensors as shape and digest.",
    discussion: """
      Example: lapidary text Fixtures/fashion/fashion.onnx
      """)

  @Argument(help: "The model; - for the standard input.", completion: .file())
  var model: String

  func run() throws {
    let loaded = try ONNXFile.read(model, allowingAbsentData: true)
    try Terminal.output.write(FileText.shown(loaded.text()))
    try Terminal.errors.write(
      FileText.shown(loaded.readingNotes.map { "note: \($0)\n" }.joined()))
  }
}
