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

  /// What the comparison found.
  ///
  /// - Parameter limit: how many differences of each kind that does not count a terminal shows.
  public func report(limit: Int = 5) -> Report {
    var report = Report()
    report.blocks.append(
      .heading(
        .init(
          "--- \(nameA)\n+++ \(nameB)", document: "\(nameA) → \(nameB)",
          [.init(key: "a", value: .string(nameA)), .init(key: "b", value: .string(nameB))])))
    report.add("verdict", headline, strong: true)
    report.add(data: ["differs": .bool(differs), "matched_nodes": .int(matchedNodes)])
    let counts = DiffHunk.Kind.allCases.map { kind in
      JSONValue.Member(
        key: kind.rawValue.replacing("-", with: "_"), value: .int(hunks(of: kind).count))
    }
    report.add(data: ["counts": .object(counts)])
    report.blocks += listings(limit: limit).map { .listing($0) }
    report.add(data: ["hunks": .array([])])
    return report
  }

  /// The differences that count, then the others by kind; those of which there are any.
  private func listings(limit: Int) -> [Listing] {
    let others = DiffHunk.Kind.allCases.filter { !failOn.contains($0) }.flatMap { hunks(of: $0) }
    let width = DiffHunk.Kind.allCases.map(\.rawValue.count).max() ?? 0
    func listing(_ hunks: [DiffHunk], limit: Int?, fold: String?) -> Listing {
      Listing(
        key: "hunks", headings: ["kind", "where", "change"], entries: hunks.map(entry),
        labelWidth: width, limit: limit, fold: fold)
    }
    return [
      listing(failing, limit: nil, fold: nil),
      listing(others, limit: limit, fold: "Without effect on results"),
    ].filter { !$0.entries.isEmpty }
  }

  private func entry(_ hunk: DiffHunk) -> Listing.Entry {
    let members: [JSONValue.Member] = [
      .init(key: "kind", value: .string(hunk.kind.rawValue)),
      .init(key: "fails", value: .bool(failOn.contains(hunk.kind))),
      .init(key: "path", value: .strings(hunk.path)),
      .init(key: "a", value: .string(hunk.a)),
      .init(key: "b", value: .string(hunk.b)),
      .init(key: "detail", value: .string(hunk.detail)),
    ]
    return Listing.Entry(
      label: hunk.kind.rawValue, cells: [hunk.place, hunk.detail],
      json: .object(members + hunk.figures))
  }

  /// For a terminal.
  public func text(limit: Int = 5) -> String { report(limit: limit).text }
  /// For a pull request.
  public var markdown: String { report().markdown }
  /// For programs.
  public var json: JSONValue { report().json }
}
