public import Execution
public import IR
public import Reports
internal import Samples

/// What became of a model that a golden was recorded of.
public struct GoldenVerification: Sendable {
  /// One output.
  public struct Output: Sendable {
    /// Its name.
    public let name: String
    /// The largest difference, relative to the expected magnitude; infinite where types differ.
    public let difference: Double
    /// What differs but numbers; nil where nothing does.
    public let mismatch: String?
  }

  /// The golden.
  public let golden: Golden
  /// What differs in graph and weights; nil where only numbers are looked at.
  public let diff: DiffReport?
  /// The outputs, in order.
  public let outputs: [Output]
  /// What a reader should know.
  public let notes: [String]

  /// Whether something differs that counts.
  public var differs: Bool {
    diff?.differs ?? false
      || outputs.contains { $0.mismatch != nil || !($0.difference <= golden.tolerance) }
  }

  /// Compares a model with a golden.
  ///
  /// - Parameters:
  ///   - comparison: what counts as a difference of graph and weights; nil to look at numbers only.
  /// - Throws: `ModelError` where the golden cannot be read or the samples are not what they were.
  public init(
    _ model: Model, against folder: String, comparison: ModelDiff? = ModelDiff(),
    options: SessionOptions
  ) throws(ModelError) {
    golden = try Golden.read(folder)
    var notes: [String] = []
    if let comparison {
      let before = try ONNXFile.read("\(folder)/\(Golden.graphFile)")
      var report = try comparison.compare(before, model.withDigests())
      report.nameA = folder
      report.nameB = "the model"
      diff = report
    } else {
      diff = nil
    }
    let results: [String: Datum]
    do throws(ModelError) {
      let data = try golden.data(folder, for: model)
      results = try data.run(on: try Session(model, options: options))
    } catch {
      // A model of another interface cannot be run on these samples, and one that contradicts itself on
      // none, which the diff has said.
      guard diff?.differs ?? false else { throw error }
      outputs = golden.outputs.map {
        Output(name: $0.name, difference: .infinity, mismatch: "not run: \(error.message)")
      }
      self.notes = notes
      return
    }
    let names = model.graph.outputs.map { model.graph[$0.value].name }
    var found: [Output] = []
    for (index, expected) in golden.outputs.enumerated() {
      let name = names.contains(expected.name) ? expected.name : names[safe: index] ?? ""
      found.append(try golden.compare(results, name, with: expected, index, in: folder))
    }
    if names.count != golden.outputs.count {
      notes.append("\(names.count) outputs, \(golden.outputs.count) expected")
    }
    outputs = found
    self.notes = notes
  }
}

extension Golden {
  /// The samples, which are checked against their digests.
  func data(_ folder: String, for model: Model) throws(ModelError) -> Dataset {
    let data: Dataset
    if let seed = samples.seed {
      data = try Dataset.load("random:\(samples.count)", for: model, seed: seed)
    } else {
      var arrays: [(name: String, tensor: Tensor)] = []
      for (index, name) in samples.inputs.enumerated() {
        arrays.append((name, try NPY.read("\(folder)/input_\(index).npy")))
      }
      data = try Dataset(arrays, for: model.graph, label: "golden \"\(folder)\"")
    }
    let inputs = try data.inputs(0..<data.count)
    for (name, digest) in zip(samples.inputs, samples.digests) where inputs[name]?.digest != digest
    {
      throw ModelError(
        .verification,
        "golden \"\(folder)\", input '\(name)': expected samples with digest \(digest), found \(inputs[name]?.digest ?? "none")",
        hint: "the input's shape or the samples changed: record the golden again")
    }
    return data
  }

  fileprivate func compare(
    _ results: [String: Datum], _ name: String, with expected: Output, _ index: Int,
    in folder: String
  ) throws(ModelError) -> GoldenVerification.Output {
    func mismatch(_ text: String) -> GoldenVerification.Output {
      .init(name: expected.name, difference: .infinity, mismatch: text)
    }
    guard let tensor = results[name]?.tensor else { return mismatch("no such output") }
    guard "\(tensor.type)" == expected.type else {
      return mismatch("expected \(expected.type), found \(tensor.type)")
    }
    let text = String(decoding: try TextFile.read("\(folder)/output_\(index).txt"), as: UTF8.self)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(
      String.init)
    let found = kept(tensor, of: expected)
    guard lines.count == found.count else {
      return mismatch("expected \(lines.count) numbers, found \(found.count)")
    }
    if case .strings = tensor.payload {
      let changed = zip(lines, found).count { $0 != $1 }
      return changed == 0
        ? .init(name: expected.name, difference: 0, mismatch: nil)
        : mismatch("\(changed) of \(found.count) texts differ")
    }
    var largest = 0.0
    for (x, y) in zip(lines, found) where x != y {
      guard let p = Double(x), let q = Double(y) else { return mismatch("'\(x)' is no number") }
      let gap = p.isNaN && q.isNaN ? 0 : (p - q).magnitude
      largest = max(largest, gap.isNaN ? .infinity : gap)
    }
    return .init(
      name: expected.name,
      difference: largest / (expected.magnitude > 0 ? expected.magnitude : 1), mismatch: nil)
  }
}
