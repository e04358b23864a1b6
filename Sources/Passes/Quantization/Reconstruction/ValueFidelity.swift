public import IR

/// How far a quantized value lies from the original's, on samples that nothing was fitted to.
public struct ValueFidelity: Hashable, Sendable {
  /// The value's name.
  public var value: String
  /// The node that makes it, by operator and name; nil for an input of the graph.
  public var node: String?
  /// The node's operator.
  public var op: OperatorName?
  /// Which of the node's outputs, or of the graph's inputs, it is.
  public var port: Int
  /// Signal over error in dB.
  public var sqnr: Double
  /// The cosine of the angle between the two.
  public var cosine: Double
  /// The share of elements outside the range.
  public var clipped: Double
  /// The numbers that the least and the largest integer stand for.
  public var range: ClosedRange<Float>
  /// The channel that lost most: its axis and index, and signal over error in dB.
  public var worstChannel: WorstChannel?

  /// A channel.
  public struct WorstChannel: Hashable, Sendable {
    /// Its axis.
    public var axis: Int
    /// Its place along the axis.
    public var index: Int
    /// Signal over error in dB.
    public var sqnr: Double
  }
}
