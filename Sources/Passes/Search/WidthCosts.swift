public import IR

/// What a model costs when its groups lose different fractions of their channels, counted exactly:
/// cuts of what makes a tensor and of what reads it multiply.
public struct WidthCosts {
  private let analysis: PruningAnalysis
  private let selection: Selection
  private let numbers: [String: Int]

  /// The groups of which channels can go, by their keys, in the order of the graph.
  public let keys: [String]

  /// The cost without any cut.
  public let whole: Pruner.Cost

  init(_ analysis: PruningAnalysis) {
    self.analysis = analysis
    selection = analysis.selection
    let named = zip(analysis.keys, analysis.groups.groups)
    numbers = Dictionary(named.map { ($0, $1.index) }, uniquingKeysWith: { a, _ in a })
    keys = named.filter { $1.frozen.contains(nil) }.map(\.0)
    whole = analysis.cost.cost(removing: analysis.nothing)
  }

  /// The cost with fractions removed.
  ///
  /// - Parameter ratios: the fraction that each group loses, by its key; none for the others.
  public func cost(_ ratios: [String: Double]) -> Pruner.Cost {
    analysis.cost.cost(removing: removed(ratios))
  }

  /// The channels of each group, by its key.
  ///
  /// - Parameter ratios: as above.
  public func widths(_ ratios: [String: Double]) -> [String: (channels: Int, kept: Int)] {
    let removed = removed(ratios)
    var widths: [String: (channels: Int, kept: Int)] = [:]
    for key in keys {
      guard let number = numbers[key] else { continue }
      let group = analysis.groups.groups[number]
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
