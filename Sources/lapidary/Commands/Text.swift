import ArgumentParser
import Foundation
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
    let loaded = try ONNXFile.read(model, verifyingChecksums: false, allowingAbsentData: true)
    print(FileText.shown(loaded.text()), terminator: "")
    FileHandle.standardError.write(Data(noteText(loaded.readingNotes).utf8))
  }
}
