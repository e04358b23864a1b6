extension DiffHunk {
  /// The place: its label in the first model, and the one in the second where that is another.
  var place: String {
    let prefix = path.map { $0 + " / " }.joined()
    switch (a, b) {
    case (let a?, let b?): return prefix + (a == b ? a : "\(a) (now \(b))")
    case (let a?, nil): return prefix + a
    case (nil, let b?): return prefix + b
    case (nil, nil): return prefix.isEmpty ? "model" : String(prefix.dropLast(3))
    }
  }
}

extension DiffReport {
  /// The one-line verdict.
  public var headline: String {
    let others = DiffHunk.Kind.allCases.filter { !failOn.contains($0) }.compactMap { kind in
      let count = hunks(of: kind).count
      return count > 0 ? "\(grouped(count)) \(kind.rawValue)" : nil
    }
    let rest = others.isEmpty ? "" : " (\(others.joined(separator: ", ")))"
    guard differs else {
      return "same: \(grouped(matchedNodes)) nodes compute the same" + rest
    }
    let count = failing.count
    return "differs: \(grouped(count)) \(count == 1 ? "difference" : "differences")" + rest
  }

  /// For a terminal.
  ///
  /// - Parameter limit: how many differences of each kind that does not count are listed.
  public func text(limit: Int = 5) -> String {
    var out = "--- \(nameA)\n+++ \(nameB)\n\(headline)\n"
    let width = DiffHunk.Kind.allCases.map(\.rawValue.count).max() ?? 0
    func line(_ hunk: DiffHunk) -> String {
      let padding = String(repeating: " ", count: width - hunk.kind.rawValue.count)
      let detail = hunk.detail.isEmpty ? "" : ": \(hunk.detail)"
      return "  \(hunk.kind.rawValue)\(padding)  \(hunk.place)\(detail)\n"
    }
    for hunk in failing { out += line(hunk) }
    for kind in DiffHunk.Kind.allCases where !failOn.contains(kind) {
      let found = hunks(of: kind)
      for hunk in found.prefix(limit) { out += line(hunk) }
      if found.count > limit {
        out += "  \(kind.rawValue)\(String(repeating: " ", count: width - kind.rawValue.count))"
        out += "  … and \(grouped(found.count - limit)) more\n"
      }
    }
    return out
  }

  /// For a pull request.
  public var markdown: String {
    var out = "## \(markdownEscaped(nameA)) → \(markdownEscaped(nameB))\n\n"
    out += "**\(markdownEscaped(headline))**\n"
    func table(_ hunks: [DiffHunk]) -> String {
      var table = Table("", [.init("kind"), .init("where"), .init("change")])
      for hunk in hunks {
        table.add(.init(hunk.kind.rawValue), .init(hunk.place), .init(hunk.detail))
      }
      return table.markdown
    }
    if !failing.isEmpty { out += "\n" + table(failing) }
    let others = hunks.filter { !failOn.contains($0.kind) }
    if !others.isEmpty {
      out += "\n<details><summary>Without effect on results: \(others.count)</summary>\n\n"
      out += table(others) + "\n</details>\n"
    }
    return out
  }

  /// For programs: `schema` is 1 and rises when a key changes its meaning.
  public var json: JSONValue {
    .object([
      "schema": .int(1),
      "a": .string(nameA),
      "b": .string(nameB),
      "differs": .bool(differs),
      "matched_nodes": .int(matchedNodes),
      "counts": .object(
        DiffHunk.Kind.allCases.map {
          JSONValue.Member(key: $0.rawValue, value: .int(hunks(of: $0).count))
        }),
      "hunks": .array(
        hunks.map { hunk in
          .object(
            [
              JSONValue.Member(key: "kind", value: .string(hunk.kind.rawValue)),
              JSONValue.Member(key: "fails", value: .bool(failOn.contains(hunk.kind))),
              JSONValue.Member(key: "path", value: .array(hunk.path.map { .string($0) })),
              JSONValue.Member(key: "a", value: .string(hunk.a)),
              JSONValue.Member(key: "b", value: .string(hunk.b)),
              JSONValue.Member(key: "detail", value: .string(hunk.detail)),
            ] + hunk.figures)
        }),
    ])
  }
}
