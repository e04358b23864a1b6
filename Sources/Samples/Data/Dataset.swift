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
  /// Which samples these are.
  public internal(set) var part = Part.all

  private let columns: [String: Column]
  /// The groups of samples in their order; nil where all of the arrays' are there.
  private let order: [Int]?
  /// Where samples of other shapes begin; empty where all have one shape.
  private let borders: [Int]
  private var remarks: [String]

  /// Which samples of the data a set has.
  public enum Part: String, Sendable {
    /// All of them, which nothing was fitted to.
    case all
    /// Those that ranges and weights are fitted to.
    case fitted
    /// Those held out of a fit to prove its result.
    case heldOut = "held_out"
    /// Noise: no samples at all.
    case random
  }

  /// The array of one input.
  fileprivate enum Column: Sendable {
    /// All samples share it.
    case shared(Tensor)
    /// So many rows belong to one group.
    case rows(Tensor, perGroup: Int)
    /// A tensor for each sample.
    case separate([Tensor])
    /// Read when they are asked for.
    case pictures(PictureFolder, PictureInput)
  }

  /// Checks that arrays fit the inputs of a graph.
  ///
  /// - Parameters:
  ///   - arrays: arrays by name, in the order of the file. Those that are not called like an input
  ///     are not used, unless the graph needs one input only and there is one array that is no label.
  ///   - label: what messages call the data, such as `data "x.npz"`.
  public init(
    _ arrays: [(name: String, tensor: Tensor)], for graph: Graph, label: String,
    isFromProtos: Bool = false
  ) throws(ModelError) {
    try self.init(
      samples: arrays.map { ($0.name, .stacked($0.tensor)) }, for: graph, label: label,
      isFromProtos: isFromProtos)
  }

  /// Checks that arrays, of several shapes perhaps, fit the inputs of a graph.
  ///
  /// - Parameter notes: what is known of the data's origin, for the user.
  init(
    samples arrays: [(name: String, values: SampleArray)], for graph: Graph, label: String,
    isFromProtos: Bool = false, notes: [String] = []
  ) throws(ModelError) {
    let (arrays, renaming) = Self.named(arrays, for: graph)
    var remarks = notes + renaming
    var found: [FittedArray] = []
    for info in graph.inputs {
      let name = graph[info.value].name
      guard let values = arrays.last(where: { $0.name == name })?.values else {
        if graph[info.value].initializer != nil { continue }
        let names = arrays.map { "'\($0.name)'" }.joined(separator: ", ")
        throw ModelError(
          .request,
          "\(label): expected an array named '\(name)' for the graph's input, found "
            + (names.isEmpty ? "none" : names),
          hint: CarriedState.hint(info, in: graph))
      }
      let fitted = try FittedArray(name, values, info.type, label: "\(label): array '\(name)'")
      remarks += fitted.notes
      found.append(fitted)
    }
    let separate = found.filter(\.isSeparate)
    let (groups, batch, unused) = try Self.groups(found, label)
    var columns: [String: Column] = [:]
    for array in found {
      switch array.values {
      case .separate(let tensors): columns[array.name] = .separate(tensors)
      case .stacked(let tensor):
        columns[array.name] =
          array.step == 0
          ? .shared(tensor)
          : .rows(tensor, perGroup: array.step ?? tensor.dimensions[0] / groups)
      }
    }
    self.columns = columns
    order = nil
    self.batch = batch
    self.unused = unused
    self.count = groups * (batch ?? 1)
    self.isFromProtos = isFromProtos
    borders = Self.borders(separate, count: groups)
    self.labels = try DatasetLabels.find(arrays, for: graph, count: count, label)
    self.remarks = remarks
  }

  /// Samples made of pictures, which are read when they are asked for.
  init(
    _ folder: PictureFolder, _ input: PictureInput, batch: Int?, label: String
  ) throws(ModelError) {
    let step = max(1, batch ?? 1)
    let groups = folder.paths.count / step
    guard groups > 0 else {
      throw ModelError(
        .request, "\(label): expected at least \(step) pictures, found \(folder.paths.count)")
    }
    columns = [input.name: .pictures(folder, input)]
    order = nil
    self.batch = batch
    count = groups * step
    unused = folder.paths.count - count
    labels = folder.labels.map { Array($0.prefix(groups * step)) }
    isFromProtos = false
    borders = []
    remarks = folder.note.map { [$0] } ?? []
  }

  /// The data with a remark that its way of preparing pictures was not used, where it has none.
  func remarking(unused preprocessing: Preprocessing?, label: String) -> Dataset {
    let havePictures = columns.values.contains { if case .pictures = $0 { true } else { false } }
    guard preprocessing != nil, !havePictures else { return self }
    var data = self
    data.remarks.append(
      "\(label): --preprocess is for pictures: these arrays are taken as they are")
    return data
  }

  /// The arrays with the sole one under the name of the sole input, and a note where that is another.
  private static func named(
    _ arrays: [(name: String, values: SampleArray)], for graph: Graph
  ) -> ([(name: String, values: SampleArray)], [String]) {
    let required = graph.requiredInputs.map { graph[$0.value].name }
    let known = Set(graph.inputs.map { graph[$0.value].name })
    guard required.count == 1, !arrays.contains(where: { known.contains($0.name) }) else {
      return (arrays, [])
    }
    let candidates = arrays.indices.filter { !DatasetLabels.names.contains(arrays[$0].name) }
    guard candidates.count == 1 else { return (arrays, []) }
    var renamed = arrays
    let old = arrays[candidates[0]].name
    renamed[candidates[0]].name = required[0]
    return (renamed, ["array '\(old)' taken for the graph's sole input '\(required[0])'"])
  }

  /// Where a sample's shape differs from the one before.
  private static func borders(_ arrays: [FittedArray], count: Int) -> [Int] {
    guard count > 1 else { return [] }
    return (1..<count).filter { sample in
      arrays.contains { array in
        guard case .separate(let tensors) = array.values else { return false }
        return tensors[sample].dimensions != tensors[sample - 1].dimensions
      }
    }
  }

  /// Some groups of a data set's samples, in order. Nothing is copied.
  init(_ whole: Dataset, groups: [Int], as part: Part) {
    columns = whole.columns
    batch = whole.batch
    unused = 0
    isFromProtos = whole.isFromProtos
    // Where samples have several shapes each is a batch of its own.
    borders = whole.borders.isEmpty || groups.count < 2 ? [] : Array(1..<groups.count)
    remarks = whole.remarks
    order = whole.order.map { order in groups.map { order[$0] } } ?? groups
    let unit = whole.batch ?? 1
    count = groups.count * unit
    labels = whole.labels.map { labels in
      groups.flatMap { labels[$0 * unit..<($0 + 1) * unit] }
    }
    self.part = part
  }

  /// Samples with further inputs, of which each has rows of its own, so that one runs at a time.
  init(_ whole: Dataset, states: [String: Tensor], note: String) {
    var columns = whole.columns
    for (name, tensor) in states {
      columns[name] = .rows(tensor, perGroup: tensor.dimensions[0] / max(1, whole.count))
    }
    self.columns = columns
    order = whole.order
    batch = 1
    (count, unused, labels) = (whole.count, whole.unused, whole.labels)
    isFromProtos = whole.isFromProtos
    borders = []
    remarks = whole.remarks + [note]
    part = whole.part
  }

  /// How many groups of samples there are, how many samples a group has where that is fixed, and how
  /// many are left over.
  private static func groups(
    _ found: [FittedArray], _ label: String
  ) throws(ModelError) -> (Int, batch: Int?, unused: Int) {
    let counted = found.filter { $0.step != 0 }
    guard
      let lead = counted.first(where: \.isSeparate) ?? counted.first(where: { $0.step != nil })
        ?? counted.first
    else { return (1, nil, 0) }
    let groups = lead.rows / (lead.step ?? 1)
    guard groups > 0 else {
      throw ModelError(
        .request,
        "\(label): array '\(lead.name)': expected at least \(lead.step ?? 1) samples, found"
          + " \(lead.rows)")
    }
    for array in counted {
      let (rows, step) = (array.rows, array.step)
      // A free axis goes with a fixed one if each group gets as many rows.
      let fits =
        step.map { rows / $0 == groups }
        ?? (lead.step == nil ? rows == groups : rows >= groups && rows % groups == 0)
      guard fits else {
        throw ModelError(
          .request,
          "\(label): array '\(array.name)': expected as many samples as '\(lead.name)' has,"
            + " \(groups * (step ?? 1)), found \(rows)")
      }
    }
    // A state whose first axis counts layers is no array of so many samples.
    let perGroup = counted.first { $0.step == nil }.map { $0.rows / groups }
    return (
      groups, lead.step.map { min($0, perGroup ?? $0) }, lead.rows - groups * (lead.step ?? 1)
    )
  }

  /// What a user should know about the data, if anything.
  public var notes: [String] {
    guard let batch, unused > 0 else { return remarks }
    return remarks + [
      "\(unused) sample\(unused == 1 ? "" : "s") at the end left out: the model takes \(batch) at a time"
    ]
  }

  /// The samples in runs of `size`, or of the graph's own batch where that is fixed; the last run may
  /// be shorter, and so may those before a sample of another shape.
  public func batches(of size: Int) -> [Range<Int>] {
    let step = batch ?? max(size, 1)
    var ranges: [Range<Int>] = []
    var start = 0
    for end in borders + [count] {
      ranges += stride(from: start, to: end, by: step).map { $0..<min($0 + step, end) }
      start = end
    }
    return ranges
  }

  /// The graph's inputs for some samples, which must be whole groups of one shape. Nothing is copied
  /// but samples that do not lie side by side, or not where numbers may begin; pictures are read.
  public func inputs(_ range: Range<Int>) throws(ModelError) -> [String: Tensor] {
    let unit = batch ?? 1
    guard range.lowerBound >= 0, range.upperBound <= count, range.lowerBound % unit == 0,
      range.upperBound % unit == 0
    else {
      throw ModelError(
        .request, "expected samples in groups of \(unit) out of \(count), found \(range)")
    }
    let places = Array(range.lowerBound / unit..<range.upperBound / unit)
    let groups = order.map { order in places.map { order[$0] } } ?? places
    var inputs: [String: Tensor] = [:]
    for (name, column) in columns { inputs[name] = try column.values(groups, unit: unit, name) }
    return inputs
  }
}

extension Dataset {
  /// Says that no sample will be read for a while: those of a mapped file need not stand in memory.
  func releasePages() {
    for case .rows(let tensor, _) in columns.values { tensor.storage?.releasePages() }
  }
}

extension Dataset.Column {
  /// The values of some groups of `unit` samples.
  fileprivate func values(
    _ groups: [Int], unit: Int, _ name: String
  ) throws(ModelError) -> Tensor {
    let parts: [Tensor]
    switch self {
    case .shared(let tensor): return tensor.aligned
    case .rows(let tensor, let count):
      let first = groups.first ?? 0, end = (groups.last ?? -1) + 1
      if groups == Array(first..<max(first, end)) {
        return tensor.rows(first * count..<max(first, end) * count).aligned
      }
      parts = groups.map { tensor.rows($0 * count..<($0 + 1) * count) }
    case .separate(let tensors): parts = groups.map { tensors[$0] }
    case .pictures(let folder, let input):
      return try input.tensor(
        try folder.pictures(groups.flatMap { $0 * unit..<($0 + 1) * unit }))
    }
    guard let whole = Tensor(joining: parts, axis: 0) else {
      throw ModelError(
        .request,
        "array '\(name)': expected samples of one shape in a batch, found "
          + parts.map { "\($0.type)" }.joined(separator: ", "))
    }
    return whole
  }
}

extension Tensor {
  /// The tensor with its elements where numbers may begin: copied where they are not.
  var aligned: Tensor {
    guard case .bytes(let storage) = payload else { return self }
    var tensor = self
    tensor.payload = .bytes(storage.aligned(to: elementType.byteWidth ?? 1))
    return tensor
  }

  /// Some rows along the first axis, not copied. The range must lie inside.
  package func rows(_ range: Range<Int>) -> Tensor {
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
