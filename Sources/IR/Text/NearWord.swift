/// Words that somebody may have meant.
public enum NearWord {
  /// The word that is nearest to what was written, nil when none is near.
  public static func nearest(to word: String, among words: [String]) -> String? {
    words.map { (name: $0, edits: edits(word, $0)) }.filter { $0.edits <= 2 }
      .min { ($0.edits, $0.name) < ($1.edits, $1.name) }?.name
  }

  /// ` Did you mean 'word'?`, or nothing.
  public static func hint(for word: String, among words: [String]) -> String {
    nearest(to: word, among: words).map { " Did you mean '\($0)'?" } ?? ""
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
