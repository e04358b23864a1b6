internal import IR

extension GraphComparison {
  /// Says of differences found at a pair of items, or at one alone, at which nodes they are.
  func sign(from start: Int, _ item: Int?, _ other: Int?) {
    for index in start..<hunks.count {
      if let item {
        if other != nil, hunks[index].layer == nil { hunks[index].layer = layersA.own[item] }
        hunks[index].siteA = a.site(item, hunks[index].a)
      }
      if let other { hunks[index].siteB = b.site(other, hunks[index].b) }
    }
  }

  /// Adds what was taken out of the models before they were compared.
  func report(_ notes: [ModelView.Note], isFirst: Bool) {
    let graph = isFirst ? a : b
    var items: [NodeID: Int] = [:]
    for index in graph.items.indices { items[graph.items[index].id] = index }
    for note in notes {
      guard let item = items[note.node] else { continue }
      let place: (first: Int?, second: Int?) =
        isFirst ? (item, matcher.counterpart[item]) : (matcher.origin[item], item)
      let layer = place.first.map { layersA.own[$0] } ?? place.second.map { layersB.own[$0] }
      let start = hunks.count
      hunks.append(
        DiffHunk(
          kind: note.diffKind, path: path, a: place.first.map(a.label),
          b: place.second.map(b.label), change: note.change(isFirst: isFirst), layer: layer ?? nil))
      sign(from: start, place.first, place.second)
    }
  }

  /// How many layers the first graph has, and how many of them the second.
  var layers: (all: Int, matched: Int) {
    let own = layersA.isLayer.indices.filter { layersA.isLayer[$0] }
    return (own.count, own.count { matcher.counterpart[$0] != nil })
  }
}

extension DiffGraph {
  /// The node of an item as fields, with the port that a place names behind the node's label.
  fileprivate func site(_ item: Int, _ place: String?) -> DiffHunk.Site? {
    let label = label(item)
    guard let place, place.hasPrefix(label) else { return nil }
    // Behind the label: `, input 1 'w'`.
    let words = place.dropFirst(label.count).split(separator: " ", maxSplits: 3)
    let port = words.count >= 3 && words[0] == "," ? "\(words[1])_\(words[2])" : nil
    let node = graph[items[item].id]
    return DiffHunk.Site(
      operator: "\(node.op)", node: node.name ?? "",
      output: node.outputs.compactMap { $0 }.first.map { graph[$0].name } ?? "", port: port)
  }
}
