package import Foundation

/// Files of the repository that tests read.
package enum Repository {
  /// The top folder, found from where this file was compiled.
  package static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// The path of a file under `Fixtures`.
  package static func fixture(_ name: String) -> String {
    root.appendingPathComponent("Fixtures/\(name)").path
  }
}
