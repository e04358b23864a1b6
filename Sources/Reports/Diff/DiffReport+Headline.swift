extension DiffReport {
  /// The one-line verdict.
  public var headline: String {
    let others = DiffHunk.Kind.allCases.filter { !failOn.contains($0) }.compactMap { kind in
      let count = hunks(of: kind).count
      return count > 0 ? "\(grouped(count)) \(kind.rawValue)" : nil
    }
    let allowed = hunks.count { $0.allowance != nil && failOn.contains($0.kind) }
    let rest = others + (allowed > 0 ? ["\(grouped(allowed)) allowed"] : [])
    let remark = rest.isEmpty ? "" : " (\(rest.joined(separator: ", ")))"
    guard differs else {
      let isFiltered = failOn != DiffOptions().failOn
      guard isFiltered, !hunks.isEmpty else {
        let found = "\(grouped(matchedNodes)) nodes compute the same"
        return notCompared.map { "same graph: \(found), but \($0) were not compared" + remark }
          ?? "same: \(found)" + remark
      }
      let kinds = DiffHunk.Kind.allCases.filter(failOn.contains).map(\.rawValue)
      let words = kinds.isEmpty ? "nothing" : kinds.joined(separator: ", ")
      let count = hunks.count
      return
        "no differences among: \(words) (\(grouped(count)) \(count == 1 ? "difference" : "differences") of other kinds)"
    }
    let layers = layerWords
    guard !layers.isEmpty else {
      let count = failing.count
      return "differs: \(grouped(count)) \(count == 1 ? "difference" : "differences")" + remark
    }
    return "differs: " + (layers + structureWords + [interfaceWords]).joined(separator: "; ")
      + remark
  }

  /// `62 layers: 54 narrower, 30 folded, 62 quantized`; empty where no layer is spoken of.
  private var layerWords: [String] {
    let summaries = layerSummaries
    guard !summaries.isEmpty else { return [] }
    var counts: [String: Int] = [:]
    var order: [String] = []
    for word in summaries.flatMap(\.words) {
      if counts[word] == nil { order.append(word) }
      counts[word, default: 0] += 1
    }
    let words = order.map { "\(grouped(counts[$0] ?? 0)) \($0)" }.joined(separator: ", ")
    return ["\(grouped(layerCount)) layers: \(words)"]
  }

  /// `3 nodes inserted, 2 removed`, and other differences that are no layer's.
  private var structureWords: [String] {
    let told = Set(layerSummaries.map(\.name))
    let loose = failing.filter { hunk in
      !(hunk.belongsToLayer && hunk.layer.map(told.contains) ?? false) && hunk.kind != .io
    }
    var parts: [String] = []
    for kind in DiffHunk.Kind.allCases {
      let count = loose.count { $0.kind == kind }
      if count > 0 { parts.append("\(grouped(count)) \(kind.rawValue)") }
    }
    return parts.isEmpty ? [] : ["elsewhere " + parts.joined(separator: ", ")]
  }

  private var interfaceWords: String {
    let count = hunks(of: .io).count
    return count == 0
      ? "interface unchanged" : "\(count) \(count == 1 ? "change" : "changes") of the interface"
  }
}
