package import IR
package import Kernels
package import Operators

/// A linear operator whose view of its activation is wanted: a statistic for rounding and recovery.
package struct GramPoint: Sendable {
  /// Who asks.
  package let node: NodeID
  /// The activation.
  package let value: ValueID
  package let form: LinearForm
  /// The lengths of the weight.
  package let weight: [Int]
  /// Whether products are wanted and not only sums.
  package let squares: Bool

  package init(node: NodeID, value: ValueID, form: LinearForm, weight: [Int], squares: Bool) {
    self.node = node
    self.value = value
    self.form = form
    self.weight = weight
    self.squares = squares
  }
}

/// Sums up what linear operators see of their activations, position by position, for each of their
/// groups of channels. Of many positions some are taken, spread evenly and the same in every run.
package final class GramObserver: Observer {
  /// About how many positions say enough of an activation.
  package static let usualRows = 8192

  package let values: Set<ValueID>
  /// What was seen so far: for each node its groups.
  package private(set) var sums: [NodeID: [GramSums]] = [:]
  private let points: [ValueID: [GramPoint]]
  private let rows: Int
  private let batches: Int
  private let way: ColumnProduct?
  private var samplings: [NodeID: RowSampling] = [:]

  /// - Parameters:
  ///   - rows: about how many positions are looked at for each node.
  ///   - batches: how many batches will come.
  ///   - way: how products are worked out; nil for the kernels' way.
  package init(_ points: [GramPoint], rows: Int, batches: Int, by way: ColumnProduct?) {
    self.way = way
    values = Set(points.map(\.value))
    self.points = Dictionary(grouping: points, by: \.value)
    self.rows = rows
    self.batches = batches
  }

  /// What was seen for a node, which is forgotten here: sums of wide layers take much room.
  package func take(_ node: NodeID) -> [GramSums]? { sums.removeValue(forKey: node) }

  package func observe(_ value: ValueID, _ view: TensorView) {
    guard view.elementType == .float else { return }
    for point in points[value] ?? [] {
      guard let shape = point.form.convolution(activation: view.shape, weight: point.weight),
        let patches = point.form.patches(activation: view.shape, weight: point.weight),
        patches.count > 0, patches.length > 0, shape.group > 0
      else { continue }
      var sampling =
        samplings[point.node]
        ?? RowSampling(
          total: patches.count.multipliedReportingOverflow(by: batches).partialValue, limit: rows,
          period: max(1, patches.count / max(1, shape.batch)))
      let chosen = sampling.next(patches.count)
      samplings[point.node] = sampling
      let seen = patches.rows(chosen, of: view.elements(Float.self))
      var own =
        sums.removeValue(forKey: point.node)
        ?? Array(
          repeating: GramSums(length: patches.length, squares: point.squares, by: way),
          count: shape.group)
      let share = chosen.count * patches.length
      for group in own.indices where seen.count >= (group + 1) * share {
        own[group].add(seen[group * share..<(group + 1) * share])
      }
      sums[point.node] = own
    }
  }
}
