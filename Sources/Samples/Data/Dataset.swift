public import IR

/// Inputs for a graph, with labels if there are any: for calibration, evaluation or comparison.
///
/// Each array's first axis counts the samples. An array of a scalar input is the same for all. Where
/// the graph asks for a fixed number of samples at a time, they come in groups of that many, and
/// what is left over at the end is not used.
public struct Dataset: Sendable {
  /// The number of samples.
  public let count: Int
  /// The number of samples that the graph takes at a time, nil where it takes any number.
  public let batch: Int?
  /// The number of samples left over at the end.
  public let unused: Int
  /// The class of each sample.
  public let labels: [Int]?
  /// Whether the arrays came from `TensorProto` files.
  public let isFromProtos: Bool

  private let columns: [String: Column]

  /// The array of one input.
  private struct Column {
    let tensor: Tensor
    /// Rows that belong to one group, nil where all groups share the array.
    let rows: Int?
  }

  /// Checks that arrays fit the inputs of a graph.
  ///
  /// - Parameters:
  ///   - arrays: arrays by name, in the order of the file. Those that are not called like an input
  ///     are not used.
  ///   - label: what messages call the data, such as `data "x.npz"`.
  public init(
    _ arrays: [(name: String, tensor: Tensor)], for graph: Graph, label: String,
    isFromProtos: Bool = false
  ) throws(ModelError) {
    var found: [(name: String, tensor: Tensor, step: Int?)] = []
    for info in graph.inputs {
      let name = graph[info.value].name
      guard let tensor = arrays.last(where: { $0.name == name })?.tensor else {
        if graph[info.value].initializer != nil { continue }
        let names = arrays.map { "'\($0.name)'" }.joined(separator: ", ")
        throw ModelError(
          .request,
          "\(label): expected an array named '\(name)' for the graph's input, found "
            + (names.isEmpty ? "none" : names))
      }
      let fitting = try Self.fit(tensor, to: info.type, "\(label): array '\(name)'")
      let declared = info.type?.tensor?.shape?.dimensions.first?.value
      found.append((name, fitting, tensor.dimensions.isEmpty || declared == 0 ? 0 : declared))
    }
    let (groups, batch, unused) = try Self.groups(found, label)
    var columns: [String: Column] = [:]
    for (name, tensor, step) in found {
      let rows = step == 0 ? nil : step ?? tensor.dimensions[0] / groups
      columns[name] = Column(tensor: tensor, rows: rows)
    }
    self.columns = columns
    self.batch = batch
    self.unused = unused
    self.count = groups * (batch ?? 1)
    self.isFromProtos = isFromProtos
    self.labels = try Self.labels(arrays, for: graph, count: count, label)
  }

  /// How many groups of samples there are, how many samples a group has where that is fixed, and how
  /// many are left over.
  private static func groups(
    _ found: [(name: String, tensor: Tensor, step: Int?)], _ label: String
  ) throws(ModelError) -> (Int, batch: Int?, unused: Int) {
    let counted = found.filter { $0.step != 0 }
    guard let lead = counted.first(where: { $0.step != nil }) ?? counted.first else {
      return (1, nil, 0)
    }
    let groups = lead.tensor.dimensions[0] / (lead.step ?? 1)
    guard groups > 0 else {
      throw ModelError(
        .request,
        "\(label): array '\(lead.name)': expected at least \(lead.step ?? 1) samples, found"
          + " \(lead.tensor.dimensions[0])")
    }
    for (name, tensor, step) in counted {
      let rows = tensor.dimensions[0]
      // A free axis goes with a fixed one if each group gets as many rows.
      let fits =
        step.map { rows / $0 == groups }
        ?? (lead.step == nil ? rows == groups : rows >= groups && rows % groups == 0)
      guard fits else {
        throw ModelError(
          .request,
          "\(label): array '\(name)': expected as many samples as '\(lead.name)' has,"
            + " \(groups * (step ?? 1)), found \(rows)")
      }
    }
    return (groups, lead.step, lead.tensor.dimensions[0] - groups * (lead.step ?? 1))
  }

  private static func fit(
    _ tensor: Tensor, to type: ValueType?, _ label: String
  ) throws(ModelError) -> Tensor {
    guard let type else { return tensor }
    guard let wanted = type.tensor else {
      throw ModelError(
        .unsupported, "\(label): expected a tensor as the graph's input, found \(type)")
    }
    var tensor = tensor
    if wanted.elementType == .float, tensor.elementType == .double, let floats = tensor.floats {
      tensor = Tensor(floats: floats, tensor.dimensions)
    }
    var fits = wanted.elementType == .undefined || wanted.elementType == tensor.elementType
    if let shape = wanted.shape {
      let isSameRank = shape.rank == tensor.dimensions.count
      fits =
        fits && isSameRank
        && zip(shape.dimensions, tensor.dimensions).dropFirst().allSatisfy { wanted, found in
          wanted.value == nil || wanted.value == found
        }
    }
    guard fits else {
      throw ModelError(.request, "\(label): expected \(wanted), found \(tensor.type)")
    }
    return tensor
  }

  private static func labels(
    _ arrays: [(name: String, tensor: Tensor)], for graph: Graph, count: Int, _ label: String
  ) throws(ModelError) -> [Int]? {
    let isInput = graph.inputs.contains { graph[$0.value].name == "labels" }
    guard !isInput, let tensor = arrays.last(where: { $0.name == "labels" })?.tensor else {
      return nil
    }
    guard let labels = tensor.integers, labels.count >= count else {
      throw ModelError(
        .request, "\(label): array 'labels': expected \(count) integers, found \(tensor.type)")
    }
    return Array(labels.prefix(count))
  }

  /// What a user should know about the data, if anything.
  public var notes: [String] {
    guard let batch, unused > 0 else { return [] }
    return [
      "\(unused) sample\(unused == 1 ? "" : "s") at the end left out: the model takes \(batch) at a time"
    ]
  }

  /// The samples in runs of `size`, or of the graph's own batch where that is fixed; the last run may
  /// be shorter.
  public func batches(of size: Int) -> [Range<Int>] {
    let step = batch ?? max(size, 1)
    return stride(from: 0, to: count, by: step).map { $0..<min($0 + step, count) }
  }

  /// The graph's inputs for some samples, which must be whole groups. Nothing is copied.
  public func inputs(_ range: Range<Int>) throws(ModelError) -> [String: Tensor] {
    let unit = batch ?? 1
    guard range.lowerBound >= 0, range.upperBound <= count, range.lowerBound % unit == 0,
      range.upperBound % unit == 0
    else {
      throw ModelError(
        .request, "expected samples in groups of \(unit) out of \(count), found \(range)")
    }
    return columns.mapValues { column in
      guard let rows = column.rows else { return column.tensor }
      return column.tensor.rows(range.lowerBound / unit * rows..<range.upperBound / unit * rows)
    }
  }
}

extension Tensor {
  /// Some rows along the first axis, not copied. The range must lie inside.
  func rows(_ range: Range<Int>) -> Tensor {
    let length = dimensions[0]
    if range == 0..<length { return self }
    var part = self
    part.dimensions[0] = range.count
    part.encoding = .raw
    switch payload {
    case .bytes(let storage):
      let width = storage.count / length
      part.payload = .bytes(storage.slice(range.lowerBound * width..<range.upperBound * width))
    case .strings(let texts):
      let width = texts.count / length
      part.payload = .strings(Array(texts[range.lowerBound * width..<range.upperBound * width]))
    }
    return part
  }
}
