public import IR
internal import Platform

/// How long the nodes of a model run on one machine at several widths, with numbers of 32 bits and with
/// integers, measured as `bench` measures.
///
/// A node's time follows from its multiply-accumulates, between those that were measured on a line. What
/// has none, such as movements, goes with the model's whole.
public struct LatencyTable: Codable, Sendable, Hashable {
  /// The version of the format.
  public var schema = 1
  /// What kind of file it is.
  public var kind = Self.kind
  /// The hash of the model.
  public var model: String
  /// The threads that it ran on.
  public var threads: Int
  /// What the numbers of channels are multiples of.
  public var multiple: Int
  /// One measurement for each kind of numbers and width.
  public var rows: [Row]

  /// The model at one width.
  public struct Row: Codable, Sendable, Hashable {
    /// Whether it computes with integers where it can.
    public var isQuantized: Bool
    /// The fraction of their channels that all groups keep.
    public var kept: Double
    /// The median time of a run, in seconds.
    public var seconds: Double
    /// Multiply-accumulates of one sample.
    public var macs: Int
    /// By the labels of nodes that multiply.
    public var nodes: [String: NodeTime]

    /// A measurement.
    public init(
      isQuantized: Bool, kept: Double, seconds: Double, macs: Int, nodes: [String: NodeTime]
    ) {
      (self.isQuantized, self.kept, self.seconds) = (isQuantized, kept, seconds)
      (self.macs, self.nodes) = (macs, nodes)
    }
  }

  /// One node at one width.
  public struct NodeTime: Codable, Sendable, Hashable {
    /// Multiply-accumulates of one sample.
    public var macs: Int
    /// Its time in seconds.
    public var seconds: Double

    /// A node with its time.
    public init(macs: Int, seconds: Double) { (self.macs, self.seconds) = (macs, seconds) }
  }

  private static let kind = "latency"

  /// A table without rows.
  public init(model: String, threads: Int, multiple: Int) {
    (self.model, self.threads, self.multiple) = (model, threads, multiple)
    rows = []
  }

  /// The table as JSON with sorted keys and a final newline.
  public func json() throws(ModelError) -> [UInt8] {
    do { return try JSONCoding.bytes(of: self) + [10] } catch {
      throw ModelError(.invalid, "latency table: \(error)")
    }
  }

  /// Reads a table.
  ///
  /// - Throws: `ModelError` when the bytes are no table of a known version.
  public init(json: [UInt8]) throws(ModelError) {
    do { self = try JSONCoding.value(from: json) } catch {
      throw ModelError(
        .malformed, "latency table: expected what latency-table writes, found other content")
    }
    guard schema == 1, kind == Self.kind else {
      throw ModelError(
        .unsupported,
        "latency table: expected kind '\(Self.kind)' with schema 1, found kind '\(kind)' with schema \(schema)"
      )
    }
  }

  /// The time of a model whose nodes have other numbers of multiply-accumulates, in seconds; nil where
  /// nothing was measured with such numbers.
  public func seconds(_ macs: [String: Int], isQuantized: Bool) -> Double? {
    let rows = rows.filter { $0.isQuantized == isQuantized }.sorted { $0.macs < $1.macs }
    guard !rows.isEmpty else { return nil }
    var whole = 0, time = 0.0
    for (label, count) in macs {
      whole += count
      time += Self.time(of: count, rows.compactMap { $0.nodes[label] }) ?? 0
    }
    let rest = rows.map { row in
      NodeTime(
        macs: row.macs,
        seconds: max(0, row.seconds - row.nodes.values.reduce(0) { $0 + $1.seconds }))
    }
    return time + (Self.time(of: whole, rest) ?? 0)
  }

  /// A time between those that were measured, by ascending multiply-accumulates, on lines between points
  /// that never fall. Of fewer than were measured it lies on the line through the least and the most: to be
  /// started takes a node its time however narrow it is.
  private static func time(of macs: Int, _ measured: [NodeTime]) -> Double? {
    let points = rising(measured)
    guard let first = points.first, let last = points.last else { return nil }
    if macs <= first.macs {
      guard last.macs > first.macs else {
        return first.macs > 0 ? first.seconds * Double(macs) / Double(first.macs) : first.seconds
      }
      let slope = (last.seconds - first.seconds) / Double(last.macs - first.macs)
      return max(0, first.seconds - slope * Double(first.macs - macs))
    }
    for (low, high) in zip(points, points.dropFirst()) where macs <= high.macs {
      let part = Double(macs - low.macs) / Double(high.macs - low.macs)
      return low.seconds + part * (high.seconds - low.seconds)
    }
    return last.macs > 0 ? last.seconds * Double(macs) / Double(last.macs) : last.seconds
  }

  /// The times nearest to those measured, by squares, that do not fall where there is more to multiply:
  /// neighbours that do are given their mean (pool adjacent violators: Ayer et al., "An empirical
  /// distribution function for sampling with incomplete information", 1955), as are those with the same
  /// multiply-accumulates.
  private static func rising(_ measured: [NodeTime]) -> [NodeTime] {
    var pools: [(sum: Double, count: Int, macs: [Int])] = []
    for point in measured.sorted(by: { $0.macs < $1.macs }) {
      var pool = (sum: point.seconds, count: 1, macs: [point.macs])
      while let low = pools.last,
        low.macs.last == pool.macs.first
          || low.sum * Double(pool.count) > pool.sum * Double(low.count)
      {
        pool = (low.sum + pool.sum, low.count + pool.count, low.macs + pool.macs)
        pools.removeLast()
      }
      pools.append(pool)
    }
    return pools.flatMap { pool in
      Set(pool.macs).sorted().map { NodeTime(macs: $0, seconds: pool.sum / Double(pool.count)) }
    }
  }
}
