/// What became of the layers of a model that was factorised.
public struct FactorReport: Sendable {
  /// A layer that could be divided.
  public struct Layer: Sendable {
    /// The operator and its name.
    public let node: String
    /// The number of output channels.
    public let outputs: Int
    /// The channels between the two layers that it became; nil where it stays whole.
    public let rank: Int?
    /// Multiply-accumulates before and after, as far as lengths are known.
    public let macsBefore: Int
    /// Multiply-accumulates after.
    public let macs: Int
    /// The part of its results' variance that is lost, on the samples that ranks were chosen with.
    public let lost: Double

    package init(
      node: String, outputs: Int, rank: Int?, macsBefore: Int, macs: Int, lost: Double
    ) {
      (self.node, self.outputs, self.rank) = (node, outputs, rank)
      (self.macsBefore, self.macs, self.lost) = (macsBefore, macs, lost)
    }
  }

  /// A layer that stays as it is.
  public struct Left: Sendable {
    /// The operator and its name.
    public let node: String
    /// Why.
    public let reason: String

    package init(node: String, reason: String) { (self.node, self.reason) = (node, reason) }
  }

  /// Layers in the order of the graph.
  public let layers: [Layer]
  /// Layers that cannot be divided.
  public let left: [Left]

  package init(layers: [Layer], left: [Left]) { (self.layers, self.left) = (layers, left) }
}
