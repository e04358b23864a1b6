internal import ArgumentParser
private import Lapidary

/// What the commands are called.
enum CommandNames {
  private static let all = LapidaryCommand.configuration.subcommands.map(name) + ["help"]

  /// What a command is called: the second word of its usage, after `lapidary`.
  static func name(of command: any ParsableCommand.Type) -> String {
    let words = LapidaryCommand.usageString(for: command).split(separator: " ")
    return words.dropFirst().first.map(String.init) ?? ""
  }

  /// What to say of a line's first words; nil when they name a command, or are options.
  static func complaint(about line: some Collection<String>) -> String? {
    let name = line.first == "help" ? line.dropFirst().first : line.first
    return complaint(about: name)
  }

  /// What to say when the first argument is no command's name; nil when it is one, or an option.
  private static func complaint(about argument: String?) -> String? {
    guard let argument, !argument.hasPrefix("-"), !all.contains(argument) else { return nil }
    let hint = NearWord.hint(for: argument, among: all)
    return "no command is called '\(argument)'.\(hint)"
  }
}
