/// One drawing of a picture: some of its boxes, and boxes that stand for many.
package struct PictureView {
  /// A box.
  package struct Box {
    /// The node's number in the picture; nil for a block.
    package var node: Int?
    /// The view that a block opens.
    package var opens: Int?
    /// The words.
    package var title: String
    package var subtitle: String
    package var state: Picture.State
    /// The nodes that it stands for.
    package var members: [Int]
  }

  /// The words above it: the scope, or `whole graph`.
  package var title: String
  /// The view around it.
  package var parent: Int?
  package var boxes: [Box]
  package var edges: [(from: Int, to: Int)]
}

/// A picture in drawings small enough to be read: scopes of names as blocks, long runs of unchanged
/// nodes folded.
package struct PictureViews {
  private let picture: Picture
  package private(set) var views: [PictureView] = []
  /// For each node the view that shows it as a box of its own.
  package private(set) var viewOf: [Int]

  /// Nodes that one drawing shows at most, as far as scopes allow.
  private static let limit = 140
  /// A run of unchanged nodes of this length is folded.
  private static let run = 5

  package init(_ picture: Picture) {
    self.picture = picture
    viewOf = Array(repeating: 0, count: picture.nodes.count)
    add(Array(picture.nodes.indices), title: "whole graph", depth: 0, parent: nil)
  }

  /// Adds the drawing of some nodes.
  ///
  /// - Returns: its number.
  @discardableResult
  private mutating func add(_ nodes: [Int], title: String, depth: Int, parent: Int?) -> Int {
    let number = views.count
    views.append(PictureView(title: title, parent: parent, boxes: [], edges: []))
    var groups = nodes.map { [$0] }
    var titles = [String?](repeating: nil, count: nodes.count)
    var deeper = depth
    if nodes.count > Self.limit {
      (groups, titles, deeper) = scoped(nodes, depth)
    } else if depth == 0 || picture.nodes.contains(where: { $0.state == .same }) {
      (groups, titles) = folded(nodes)
    }
    for (group, name) in zip(groups, titles) {
      guard let name else {
        let node = group[0]
        viewOf[node] = number
        views[number].boxes.append(
          PictureView.Box(
            node: node, opens: nil, title: picture.nodes[node].title,
            subtitle: picture.nodes[node].subtitle, state: picture.nodes[node].state, members: group
          ))
        continue
      }
      let inner = add(group, title: name, depth: deeper, parent: number)
      let worst = group.map { picture.nodes[$0].state }.max() ?? .plain
      let changed = group.count { picture.nodes[$0].state > .block }
      let words =
        changed > 0
        ? "\(group.count) nodes, \(changed) \(changed == 1 ? "differs" : "differ")"
        : "\(group.count) nodes"
      views[number].boxes.append(
        PictureView.Box(
          node: nil, opens: inner, title: name, subtitle: words,
          state: worst > .block ? worst : .block, members: group))
    }
    views[number].edges = edges(views[number].boxes)
    return number
  }

  private func edges(_ boxes: [PictureView.Box]) -> [(from: Int, to: Int)] {
    var boxOf: [Int: Int] = [:]
    for (index, box) in boxes.enumerated() { for node in box.members { boxOf[node] = index } }
    var seen: Set<[Int]> = []
    var found: [(from: Int, to: Int)] = []
    for edge in picture.edges {
      guard let from = boxOf[edge.from], let to = boxOf[edge.to], from != to,
        seen.insert([from, to]).inserted
      else { continue }
      found.append((from, to))
    }
    return found
  }

  /// Groups nodes by the next part of their names; where that says nothing, by runs of equal length.
  /// Groups that arrows lead out of and into again are divided, so that blocks have an order.
  private func scoped(_ nodes: [Int], _ depth: Int) -> ([[Int]], [String?], Int) {
    for level in depth..<depth + 6 {
      let keys = nodes.map { scope($0, level) }
      guard Set(keys.compactMap { $0 }).count > 1 else { continue }
      var groups: [[Int]] = [], titles: [String?] = []
      for (node, key) in zip(nodes, keys) {
        if let key, titles.last == key {
          groups[groups.count - 1].append(node)
        } else {
          groups.append([node])
          titles.append(key)
        }
      }
      for index in groups.indices where groups[index].count == 1 { titles[index] = nil }
      if groups.count <= 3 * Self.limit / 2 { return (groups, titles, level + 1) }
    }
    let size = max(40, (nodes.count + Self.limit / 2 - 1) / (Self.limit / 2))
    var groups: [[Int]] = [], titles: [String?] = []
    for start in stride(from: 0, to: nodes.count, by: size) {
      let part = Array(nodes[start..<min(nodes.count, start + size)])
      groups.append(part)
      titles.append(
        part.count == 1
          ? nil : "\(picture.nodes[part[0]].title) … \(picture.nodes[part[part.count - 1]].title)")
    }
    return (groups, titles, depth)
  }

  /// A part of a node's name.
  private func scope(_ node: Int, _ level: Int) -> String? {
    let parts = picture.nodes[node].name.split(separator: "/")
    return level < parts.count - 1 ? String(parts[level]) : nil
  }

  /// Folds runs of unchanged nodes that follow each other without a branch.
  private func folded(_ nodes: [Int]) -> ([[Int]], [String?]) {
    let inside = Set(nodes)
    var out: [Int: [Int]] = [:], into: [Int: [Int]] = [:]
    for edge in picture.edges {
      out[edge.from, default: []].append(edge.to)
      into[edge.to, default: []].append(edge.from)
    }
    func follows(_ node: Int, _ next: Int) -> Bool {
      Set(out[node] ?? []) == [next] && Set(into[next] ?? []) == [node] && inside.contains(next)
        && picture.nodes[next].state == .same
    }
    var groups: [[Int]] = [], titles: [String?] = []
    var taken: Set<Int> = []
    for node in nodes where !taken.contains(node) {
      var run = [node]
      if picture.nodes[node].state == .same {
        while let last = run.last, let next = out[last]?.first, follows(last, next),
          !taken.contains(next)
        {
          run.append(next)
        }
      }
      if run.count < Self.run || run.count == nodes.count { run = [node] }
      taken.formUnion(run)
      groups.append(run)
      titles.append(run.count > 1 ? "unchanged run" : nil)
    }
    return (groups, titles)
  }
}
