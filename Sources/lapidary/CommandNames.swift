internal import ArgumentParser

/// What the commands are called.
enum CommandNames {
  private static let all = LapidaryCommand.configuration.subcommands.map(name) + ["help"]

  /// What a command is called: the second word of its usage, after `lapidary`.
  static func name(of command: any ParsableCommand.Type) -> String {
    let words = LapidaryCommand.usageString(for: command).split(separator: " ")
    return words.dropFirst().first.map(String.init) ?? ""
  }

  /// What to say when the first argument is no command's name; nil when it is one, or an option.
  static func complaint(about argument: String?) -> String? {
    guard let argument, !argument.hasPrefix("-"), !all.contains(argument) else { return nil }
    let near = all.map { (name: $0, edits: edits(argument, $0)) }.filter { $0.edits <= 2 }
      .min { ($0.edits, $0.name) < ($1.edits, $1.name) }
    let hint = near.map { " Did you mean '\($0.name)'?" } ?? ""
    return "no command is called '\(argument)'.\(hint)"
  }

  /// The fewest insertions, removals, replacements and swaps of neighbours that make one word
  /// the other.
  private static func edits(_ a: String, _ b: String) -> Int {
    let a = Array(a), b = Array(b)
    var rows = [Array(0...b.count)]
    for i in a.indices {
      var row = [i + 1]
      for j in b.indices {
        var best = min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
          best = min(best, rows[i - 1][j - 1] + 1)
        }
        row.append(best)
      }
      rows.append(row)
    }
    return rows[a.count][b.count]
  }
}
