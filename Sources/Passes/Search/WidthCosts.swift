public import IR
internal import Operators

/// What a model costs when its groups lose different fractions of their channels, counted exactly:
/// cuts of what makes a tensor and of what reads it multiply.
public struct WidthCosts {
  private let analysis: PruningAnalysis
  private let selection: Selection
  private let numbers: [String: Int]
  /// Layers that may be divided, by their labels.
  private let layers: [String: NodeID]
  private let labels: [NodeID: String]
  /// The nodes that go with a block, by the label of its sum.
  private let blocks: [String: Set<NodeID>]

  /// The groups of which channels can go, by their keys, in the order of the graph.
  public let keys: [String]

  /// The cost without any cut.
  public let whole: Pruner.Cost

  init(_ analysis: PruningAnalysis) {
    self.analysis = analysis
    selection = analysis.selection
    let named = zip(analysis.keys, analysis.groups.groups)
    numbers = Dictionary(named.map { ($0, $1.index) }, uniquingKeysWith: { a, _ in a })
    let graph = analysis.coupling.facts.graph
    layers = Dictionary(
      graph.nodeIDs.map { (graph.label($0), $0) }, uniquingKeysWith: { first, _ in first })
    labels = Dictionary(
      layers.map { ($0.value, $0.key) }, uniquingKeysWith: { first, _ in first })
    let sums = ResidualBlock.all(in: analysis.coupling.facts).compactMap { sum, found in
      (try? found.get()).map { (graph.label(sum), Set($0.nodes)) }
    }
    blocks = Dictionary(sums, uniquingKeysWith: { first, _ in first })
    keys = named.filter { $1.frozen.contains(nil) }.map(\.0)
    whole = analysis.cost.cost(removing: analysis.nothing)
  }

  /// The cost with fractions removed.
  ///
  /// - Parameter ratios: the fraction that each group loses, by its key, and the fraction of its cost that
  ///   a layer loses by a rank, by the key of that (`RankOption`), and 1 for a block that goes, by its key
  ///   (`BlockOption`); none for the others.
  public func cost(_ ratios: [String: Double]) -> Pruner.Cost {
    analysis.cost.cost(
      removing: removed(ratios), divided: divided(ratios), without: dropped(ratios))
  }

  /// Multiply-accumulates of each node that has any, by its label.
  ///
  /// - Parameter ratios: as above.
  public func macs(_ ratios: [String: Double]) -> [String: Int] {
    var found: [String: Int] = [:]
    let macs = analysis.cost.macs(
      removing: removed(ratios), divided: divided(ratios), without: dropped(ratios))
    for (id, count) in macs { if let label = labels[id] { found[label] = count } }
    return found
  }

  /// The nodes that go with blocks.
  private func dropped(_ ratios: [String: Double]) -> Set<NodeID> {
    var gone: Set<NodeID> = []
    for sum in BlockOption.dropped(ratios) { gone.formUnion(blocks[sum] ?? []) }
    return gone
  }

  private func divided(_ ratios: [String: Double]) -> [NodeID: Double] {
    var divided: [NodeID: Double] = [:]
    for (key, ratio) in ratios where ratio > 0 {
      if let layer = RankOption.layer(key).flatMap({ layers[$0] }) { divided[layer] = ratio }
    }
    return divided
  }

  /// The channels of each group, by its key, but for groups that go with a block.
  ///
  /// - Parameter ratios: as above.
  public func widths(_ ratios: [String: Double]) -> [String: (channels: Int, kept: Int)] {
    let removed = removed(ratios), gone = dropped(ratios)
    var widths: [String: (channels: Int, kept: Int)] = [:]
    for key in keys {
      guard let number = numbers[key] else { continue }
      let group = analysis.groups.groups[number]
      guard
        gone.isEmpty
          || !group.producers.allSatisfy({ gone.contains(analysis.coupling.producers[$0].node) })
      else { continue }
      widths[key] = (group.count, group.count - group.atoms.count { removed.contains($0) })
    }
    return widths
  }

  private func removed(_ ratios: [String: Double]) -> AtomSet {
    var fixed: [Int: Double] = [:]
    for (key, ratio) in ratios { if let number = numbers[key] { fixed[number] = ratio } }
    return selection.atoms(fixed: fixed)
  }
}

extension Pruner {
  /// What the model costs at other widths.
  public func widthCosts() throws(ModelError) -> WidthCosts { WidthCosts(try analysis()) }
}
