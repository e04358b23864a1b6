import IR
import Kernels

/// Decision trees as attributes describe them, and what they say of rows.
struct TreeScores: Sendable {
  let targets: Int
  /// Whether no vote weighs less than 0.
  let isPositive: Bool
  /// The targets that anything votes for.
  let voted: Set<Int>
  /// What is added to each target's score; empty for nothing.
  let base: [Double]
  private let trees: DecisionTrees
  private let aggregation: DecisionTrees.Aggregation
  /// The number of features that questions ask for.
  private let features: Int

  private init(
    _ trees: DecisionTrees, targets: Int, _ aggregation: DecisionTrees.Aggregation, base: [Double],
    _ label: String
  ) throws(ModelError) {
    var features = 0
    for case .question(_, let feature, _, _, _, _, _) in trees.nodes {
      features = max(features, feature < 1 << 30 ? feature + 1 : 0)
    }
    guard targets > 0, targets <= 1 << 20, base.count <= targets,
      trees.isSound(features: features, targets: targets)
    else {
      throw ModelError(
        .invalid,
        "\(label): expected trees whose branches lead to nodes and whose leaves vote for"
          + " \(targets) targets, found others")
    }
    self.trees = trees
    self.targets = targets
    self.aggregation = aggregation
    self.base = base
    self.features = features
    isPositive = trees.votes.allSatisfy { $0.weight >= 0 }
    voted = Set(trees.votes.map(\.target))
  }

  /// What trees say of each row of input 0; nil for targets without votes and base value.
  func scores(_ context: Evaluation) throws(ModelError) -> [[Double?]] {
    let (count, width, values) = try context.rows()
    try context.require(width >= features, 0, "at least \(features) features a row")
    _ = try context.numberCount([count, targets])
    return (0..<count).map { row in
      var scores = trees.scores(
        values[row * width..<(row + 1) * width], targets: targets, aggregation)
      for (target, value) in base.enumerated() { scores[target] = (scores[target] ?? 0) + value }
      return scores
    }
  }
}

// MARK: - Lists of nodes

extension TreeScores {
  private struct Key: Hashable {
    let tree: Int
    let node: Int
  }

  /// Reads trees from lists of nodes, which name each other by tree and number.
  ///
  /// - Parameter votes: how attributes of leaves begin, `target` or `class`.
  init(listed node: NodeView, votes: String, targets: Int) throws(ModelError) {
    let trees = try node.ints("nodes_treeids") ?? [], ids = try node.ints("nodes_nodeids") ?? []
    let features = try node.ints("nodes_featureids") ?? []
    let yes = try node.ints("nodes_truenodeids") ?? []
    let no = try node.ints("nodes_falsenodeids") ?? []
    let modes = (try node.strings("nodes_modes") ?? []).map { String(decoding: $0, as: UTF8.self) }
    let values = try Self.numbers("nodes_values", node)
    let missing = try node.ints("nodes_missing_value_tracks_true") ?? []
    guard [ids, features, yes, no].allSatisfy({ $0.count == trees.count }),
      modes.count == trees.count, values.count == trees.count,
      missing.isEmpty || missing.count == trees.count
    else {
      throw node.mismatch(
        "nodes_treeids", expected: "as many nodes in every list", found: "\(trees.count)")
    }
    let keys = zip(trees, ids).map { Key(tree: $0, node: $1) }
    let places = Dictionary(zip(keys, keys.indices), uniquingKeysWith: { first, _ in first })
    let leaves = try Self.leaves(node, votes, places)
    var nodes: [DecisionTrees.Node] = []
    var isRoot = [Bool](repeating: true, count: keys.count)
    for (place, mode) in modes.enumerated() {
      guard mode != "LEAF" else {
        nodes.append(.leaf(leaves.ranges[place] ?? 0..<0))
        continue
      }
      let branches = [yes[place], no[place]].map { places[Key(tree: trees[place], node: $0)] ?? -1 }
      guard let comparison = Self.comparisons[mode], !branches.contains(-1) else {
        throw node.mismatch(
          "nodes_modes", expected: "comparisons and leaves, with nodes to go on to", found: mode)
      }
      for branch in branches { isRoot[branch] = false }
      nodes.append(
        .question(
          comparison, feature: features[place], value: values[place], members: [],
          missing: missing.isEmpty ? false : missing[place] != 0, yes: branches[0],
          no: branches[1]))
    }
    let names: [String: DecisionTrees.Aggregation] = [
      "SUM": .sum, "AVERAGE": .average, "MIN": .minimum, "MAX": .maximum,
    ]
    let name = try node.string("aggregate_function", default: "SUM")
    guard let aggregation = names[name] else {
      throw node.mismatch("aggregate_function", expected: "SUM, AVERAGE, MIN or MAX", found: name)
    }
    try self.init(
      DecisionTrees(
        nodes: nodes, roots: isRoot.indices.filter { isRoot[$0] }, votes: leaves.votes),
      targets: targets, aggregation, base: try Self.numbers("base_values", node), node.label)
  }

  private static let comparisons: [String: DecisionTrees.Comparison] = [
    "BRANCH_LEQ": .atMost, "BRANCH_LT": .below, "BRANCH_GTE": .atLeast, "BRANCH_GT": .above,
    "BRANCH_EQ": .equal, "BRANCH_NEQ": .different,
  ]

  /// Numbers from a list, or from a tensor that may hold doubles.
  private static func numbers(_ name: String, _ node: NodeView) throws(ModelError) -> [Double] {
    if let tensor = try node.tensor("\(name)_as_tensor") { return tensor.doubles ?? [] }
    return (try node.floats(name) ?? []).map { Double($0) }
  }

  private typealias Leaves = (
    ranges: [Int: Range<Int>], votes: [(target: Int, weight: Double)]
  )

  /// The votes, those of one leaf together, and where those of a node stand.
  private static func leaves(
    _ node: NodeView, _ kind: String, _ places: [Key: Int]
  ) throws(ModelError) -> Leaves {
    let trees = try node.ints("\(kind)_treeids") ?? [], ids = try node.ints("\(kind)_nodeids") ?? []
    let targets = try node.ints("\(kind)_ids") ?? []
    let weights = try numbers("\(kind)_weights", node)
    guard [ids, targets].allSatisfy({ $0.count == trees.count }), weights.count == trees.count
    else {
      throw node.mismatch(
        "\(kind)_treeids", expected: "as many votes in every list", found: "\(trees.count)")
    }
    var grouped: [Int: [(target: Int, weight: Double)]] = [:]
    for index in trees.indices {
      guard let place = places[Key(tree: trees[index], node: ids[index])] else {
        throw node.mismatch(
          "\(kind)_nodeids", expected: "nodes of the trees", found: "\(ids[index])")
      }
      grouped[place, default: []].append((targets[index], weights[index]))
    }
    var leaves: Leaves = ([:], [])
    for (place, votes) in grouped.sorted(by: { $0.key < $1.key }) {
      leaves.ranges[place] = leaves.votes.count..<leaves.votes.count + votes.count
      leaves.votes += votes
    }
    return leaves
  }
}

// MARK: - Tensors of questions and leaves

extension TreeScores {
  /// Reads trees from tensors: questions, each with two places of questions or leaves, and leaves
  /// with one vote each.
  init(tensors node: NodeView) throws(ModelError) {
    let features = try node.ints("nodes_featureids") ?? []
    let yes = try node.ints("nodes_truenodeids") ?? []
    let no = try node.ints("nodes_falsenodeids") ?? []
    let yesIsLeaf = try node.ints("nodes_trueleafs") ?? []
    let noIsLeaf = try node.ints("nodes_falseleafs") ?? []
    let missing = try node.ints("nodes_missing_value_tracks_true") ?? []
    let splits = try node.tensor("nodes_splits")?.doubles ?? []
    let modes = try node.tensor("nodes_modes")?.integers ?? []
    let targets = try node.ints("leaf_targetids") ?? []
    let weights = try node.tensor("leaf_weights")?.doubles ?? []
    let roots = try node.ints("tree_roots") ?? []
    let count = features.count
    guard [yes, no, yesIsLeaf, noIsLeaf, modes].allSatisfy({ $0.count == count }),
      splits.count == count, missing.isEmpty || missing.count == count,
      targets.count == weights.count, roots.allSatisfy({ (0..<count).contains($0) })
    else {
      throw node.mismatch(
        "nodes_featureids", expected: "as many questions in every list", found: "\(count)")
    }
    // NaN ends the members of each question that asks for membership, in the order of questions.
    var sets = (try node.tensor("membership_values")?.doubles ?? [])
      .split(whereSeparator: \.isNaN).map { Set($0) }.makeIterator()
    let comparisons: [DecisionTrees.Comparison] = [
      .atMost, .below, .atLeast, .above, .equal, .different, .member,
    ]
    var nodes: [DecisionTrees.Node] = []
    for index in 0..<count {
      guard let comparison = comparisons[safe: modes[index]] else {
        throw node.mismatch("nodes_modes", expected: "0 to 6", found: "\(modes[index])")
      }
      let members = comparison == .member ? sets.next() ?? [] : []
      func branch(_ place: Int, _ isLeaf: Int) -> Int { isLeaf != 0 ? count &+ place : place }
      nodes.append(
        .question(
          comparison, feature: features[index], value: splits[index], members: members,
          missing: missing.isEmpty ? false : missing[index] != 0,
          yes: branch(yes[index], yesIsLeaf[index]), no: branch(no[index], noIsLeaf[index])))
    }
    for leaf in weights.indices { nodes.append(.leaf(leaf..<leaf + 1)) }
    let codes: [DecisionTrees.Aggregation] = [.average, .sum, .minimum, .maximum]
    let code = try node.int("aggregate_function", default: 1)
    guard let aggregation = codes[safe: code] else {
      throw node.mismatch("aggregate_function", expected: "0 to 3", found: "\(code)")
    }
    try self.init(
      DecisionTrees(
        nodes: nodes, roots: roots, votes: zip(targets, weights).map { (target: $0, weight: $1) }),
      targets: try node.int("n_targets"), aggregation, base: [], node.label)
  }
}
