import Glibc
import Lapidary

/// An error as people read it, or as programs do that drive the command.
enum ErrorText {
  /// What asks for a line of JSON instead of a sentence: programs set it to `json`.
  private static let setting = "LAPIDARY_ERRORS"

  /// The text for the standard error.
  static func text(of error: ModelError, from command: String) -> String {
    guard let value = getenv(setting), String(cString: value) == "json" else {
      let hint = error.hint.map { "hint: \($0)\n" } ?? ""
      return "error: \(command): \(error)\n\(hint)"
    }
    var members: [JSONValue.Member] = [
      .init(key: "command", value: .string(command)),
      .init(key: "code", value: .string(error.code.rawValue)),
      .init(key: "message", value: .string(error.message)),
      .init(key: "place", value: .array(error.notes.map { .string($0) })),
    ]
    if let hint = error.hint { members.append(.init(key: "hint", value: .string(hint))) }
    return JSONValue.object([.init(key: "error", value: .object(members))]).text
  }
}
