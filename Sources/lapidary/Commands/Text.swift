import ArgumentParser
import Lapidary

/// `lapidary text`.
struct Text: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Prints a model in ONNX's text syntax, large tensors as shape and digest.",
    discussion: """
      Example: lapidary text Fixtures/fashion/fashion.onnx
      """)

  @Argument(help: "The model; - for the standard input.")
  var model: String

  func run() throws {
    print(FileText.shown(try ONNXFile.read(model).text()), terminator: "")
  }
}
