import Foundation

/// A line on the standard error that says how far a long job is: only on a terminal, and only for
/// jobs of more than a second.
final class Progress {
  private let label: String
  private let total: Int?
  private let start = Date()
  private var isShown = false
  private static let isTerminal = isatty(2) != 0

  init(_ label: String, total: Int? = nil) {
    self.label = label
    self.total = total
  }

  /// Shows the number of steps done, or a word for the present one.
  func update(_ done: Int) {
    guard let total, total > 0 else { return show("\(done)") }
    let width = 30
    let filled = min(width, done * width / total)
    show(
      "[" + String(repeating: "#", count: filled) + String(repeating: ".", count: width - filled)
        + "] \(done)/\(total)")
  }

  /// Shows a text.
  func show(_ text: String) {
    guard Self.isTerminal, Date().timeIntervalSince(start) > 1 else { return }
    isShown = true
    FileHandle.standardError.write(Data("\r\u{1B}[K\(label) \(text)".utf8))
  }

  deinit {
    if isShown { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) }
  }
}
