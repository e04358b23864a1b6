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

extension DiffHunk.Kind {
  /// Kinds by how much a reader wants to know of them: what callers meet first.
  static let byImportance: [DiffHunk.Kind] = [
    .io, .opset, .removed, .inserted, .rewired, .attribute, .elementType, .shape, .folded,
    .channels,
    .quantized, .weight, .moved, .renamed, .metadata,
  ]

  /// The place in `byImportance`.
  var rank: Int { Self.byImportance.firstIndex(of: self) ?? 0 }
}

/// How much of the differences people are shown. Programs get all.
public struct DiffDetail: Hashable, Sendable {
  /// How many of the differences that count are shown; nil for all.
  public var failing: Int?
  /// How many of each kind that does not count are shown.
  public var others: Int

  /// By default all that count and five of each kind that does not.
  public init(failing: Int? = nil, others: Int = 5) {
    self.failing = failing
    self.others = others
  }

  /// The verdict and the numbers of differences alone.
  public static let summary = DiffDetail(failing: 0, others: 0)
}

extension DiffReport {
  /// What the comparison found.
  public func report(_ detail: DiffDetail = DiffDetail()) -> Report {
    var report = Report()
    report.blocks.append(
      .heading(
        .init(
          "--- \(nameA)\n+++ \(nameB)", document: "\(nameA) → \(nameB)",
          [.init(key: "a", value: .string(nameA)), .init(key: "b", value: .string(nameB))])))
    report.add("verdict", headline, strong: true)
    report.add(data: [
      "differs": .bool(differs), "matched_nodes": .int(matchedNodes),
      "layers_a": .int(layerCount), "layers_matched": .int(matchedLayers),
    ])
    let counts = DiffHunk.Kind.allCases.map { kind in
      JSONValue.Member(
        key: kind.rawValue.replacing("-", with: "_"), value: .int(hunks(of: kind).count))
    }
    report.add(data: ["counts": .object(counts)])
    report.blocks += listings(detail).map { .listing($0) }
    report.add(data: ["layers": .array([]), "hunks": .array([])])
    return report
  }

  /// The differences that count, by importance, layers as one line each; then the others by kind.
  private func listings(_ detail: DiffDetail) -> [Listing] {
    let summaries = layerSummaries
    let told = Set(summaries.map(\.name))
    func isTold(_ hunk: DiffHunk) -> Bool {
      hunk.belongsToLayer && hunk.layer.map(told.contains) ?? false
    }
    let loose = failing.filter { !isTold($0) }.enumerated().sorted {
      ($0.element.kind.rank, $0.offset) < ($1.element.kind.rank, $1.offset)
    }.map(\.element)
    let structure = loose.filter { $0.kind.rank < DiffHunk.Kind.folded.rank }
    let numbers = loose.filter { $0.kind.rank >= DiffHunk.Kind.folded.rank }
    let others = DiffHunk.Kind.byImportance.flatMap { kind in
      hunks(of: kind).filter { !counts($0) }
    }
    func listing(
      _ key: String, _ entries: [Listing.Entry], limit: Int?, fold: String? = nil
    ) -> Listing {
      Listing(
        key: key, headings: ["kind", "where", "change"], entries: entries,
        labelWidth: DiffHunk.Kind.allCases.map(\.rawValue.count).max() ?? 0, limit: limit,
        fold: fold)
    }
    var rest = detail.failing
    func taken(_ count: Int) -> Int? {
      defer { rest = rest.map { max(0, $0 - count) } }
      return rest
    }
    let layers = summaries.map { summary in
      Listing.Entry(label: "layer", cells: [summary.name, summary.text], json: summary.json)
    }
    var all = [
      listing("hunks", structure.map(entry), limit: taken(structure.count)),
      listing("layers", layers, limit: taken(layers.count)),
      listing("hunks", brief(numbers), limit: taken(numbers.count)),
    ]
    all.append(
      listing(
        "hunks", others.map(entry), limit: detail.others,
        fold: others.contains { failOn.contains($0.kind) || !$0.kind.isHarmless }
          ? "Not counted" : "Without effect on results"))
    var blocks = all.filter { !$0.entries.isEmpty }
    for index in blocks.indices where detail == .summary { blocks[index].isForPrograms = true }
    let silent = failing.filter(isTold)
    if !silent.isEmpty {
      // Programs get each difference of a layer; people have read the layer's line.
      blocks.append(
        Listing(
          key: "hunks", headings: [], entries: silent.map(entry), labelWidth: 0, limit: 0,
          fold: nil, isForPrograms: true))
    }
    return blocks
  }

  /// Many values quantized alike at nodes that are no layers, as one line.
  private func brief(_ hunks: [DiffHunk]) -> [Listing.Entry] {
    var groups: [String: [DiffHunk]] = [:]
    var order: [String] = []
    for hunk in hunks where hunk.kind == .quantized && hunk.layer == nil {
      if groups[hunk.detail] == nil { order.append(hunk.detail) }
      groups[hunk.detail, default: []].append(hunk)
    }
    let plain = hunks.filter { $0.kind != .quantized || $0.layer != nil }.map(entry)
    return plain
      + order.flatMap { detail -> [Listing.Entry] in
        let group = groups[detail] ?? []
        guard group.count > 1 else { return group.map(entry) }
        var names: [String] = []
        for hunk in group where !names.contains(hunk.place) { names.append(hunk.place) }
        let some = names.prefix(2).joined(separator: ", ") + (names.count > 2 ? ", …" : "")
        let whole = Listing.Entry(
          label: DiffHunk.Kind.quantized.rawValue,
          cells: ["\(grouped(names.count)) nodes that are no layers", "\(detail): \(some)"],
          json: .object(members(group[0])), more: group.dropFirst().map { .object(members($0)) })
        return [whole]
      }
  }

  private func entry(_ hunk: DiffHunk) -> Listing.Entry {
    let words = [hunk.detail, hunk.allowance.map { "allowed: \($0)" } ?? ""].filter { !$0.isEmpty }
    return Listing.Entry(
      label: hunk.kind.rawValue, cells: [hunk.place, words.joined(separator: "; ")],
      json: .object(members(hunk)))
  }

  private func members(_ hunk: DiffHunk) -> [JSONValue.Member] {
    [
      .init(key: "kind", value: .string(hunk.kind.rawValue)),
      .init(key: "fails", value: .bool(counts(hunk))),
      .init(key: "path", value: .strings(hunk.path)),
      .init(key: "layer", value: .string(hunk.layer)),
      .init(key: "a", value: .string(hunk.a)),
      .init(key: "b", value: .string(hunk.b)),
      .init(key: "site_a", value: hunk.siteA?.json ?? .null),
      .init(key: "site_b", value: hunk.siteB?.json ?? .null),
      .init(key: "allowance", value: .string(hunk.allowance)),
      .init(key: "detail", value: .string(hunk.detail)),
    ] + hunk.figures
  }

  /// For a terminal.
  public func text(limit: Int = 5) -> String { report(DiffDetail(others: limit)).text }
  /// For a pull request.
  public var markdown: String { report().markdown }
  /// For programs.
  public var json: JSONValue { report().json }
}

extension DiffHunk.Kind {
  /// Whether a difference of the kind changes no result.
  var isHarmless: Bool { [.moved, .renamed, .metadata].contains(self) }
}
