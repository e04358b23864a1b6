import ArgumentParser
import Lapidary

/// Where a page goes.
struct HTMLOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Write the report to a file for a browser, with the graph drawn; it needs no other file.",
      valueName: "FILE.html"), completion: .file())
  var html: String?

  /// Writes the page where one is asked for.
  func write(_ page: () -> HTMLPage) throws(ModelError) {
    guard let html else { return }
    try TextFile.write(Array(page().text.utf8), to: html)
  }
}
