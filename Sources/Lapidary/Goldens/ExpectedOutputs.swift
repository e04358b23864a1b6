public import IR
internal import Platform
public import Reports
public import Samples

/// Outputs that a folder of ONNX test data or of arrays says a model should give: `output_0.pb` and
/// on, or `NAME.npy`.
public struct ExpectedOutputs: Sendable {
  /// One output against what was expected.
  public struct Row: Sendable {
    /// The output's name.
    public let name: String
    /// The figures; nil where there is nothing to compare with or types differ.
    public let comparison: Comparison?
    /// What differs but numbers.
    public let mismatch: String?
  }

  /// The outputs, in order.
  public let rows: [Row]
  /// The largest difference allowed, relative to an output's largest magnitude.
  public let tolerance: Double

  /// Compares results with the files of a folder.
  ///
  /// - Throws: `ModelError` where the folder has no file for any output.
  public init(
    _ folder: String, _ results: [String: Datum], of graph: Graph, tolerance: Double
  ) throws(ModelError) {
    self.tolerance = tolerance
    let names = graph.outputs.map { graph[$0.value].name }
    let stems = Dataset.fileStems(for: names)
    let inner = "\(folder)/test_data_set_0"
    let folder = FileTree.exists(inner) ? inner : folder
    var rows: [Row] = []
    var found = 0
    for (index, (name, stem)) in zip(names, stems).enumerated() {
      let places = ["\(folder)/output_\(index).pb", "\(folder)/\(stem).npy"]
      guard let path = places.first(where: { FileTree.exists($0) }) else {
        rows.append(Row(name: name, comparison: nil, mismatch: "no file says what to expect"))
        continue
      }
      found += 1
      let expected =
        path.hasSuffix(".npy")
        ? Datum.tensor(try NPY.read(path))
        : try ONNXFile.readValue(path, as: graph.outputs[index].type)
      rows.append(try Self.row(name, results[name], expected))
    }
    guard found > 0 else {
      throw ModelError(
        .file,
        "\"\(folder)\": expected a golden, output_0.pb or NAME.npy of an output, found none of these"
      )
    }
    self.rows = rows
  }

  private static func row(_ name: String, _ value: Datum?, _ expected: Datum) throws(ModelError)
    -> Row
  {
    guard let x = expected.tensor, let y = value?.tensor, x.type == y.type else {
      let found = value.map { "\($0.type)" } ?? "nothing"
      return Row(name: name, comparison: nil, mismatch: "expected \(expected.type), found \(found)")
    }
    return Row(
      name: name, comparison: try Comparison(reference: x, candidate: y), mismatch: nil)
  }

  /// Whether an output is not as expected.
  public var differs: Bool {
    rows.contains { row in
      row.mismatch != nil || row.comparison.map { !($0.maxRelative <= tolerance) } ?? true
    }
  }

  /// The verdict on each output.
  public var table: Table {
    Table(
      "expected", title: "Expected outputs", of: rows,
      [
        (.init("output"), { .text($0.name) }),
        (
          .init("max_rel", "max rel", numeric: true),
          { $0.comparison.map { .scientific($0.maxRelative) } ?? .missing() }
        ),
        (
          .init("verdict"),
          { row in
            .text(
              row.mismatch
                ?? (row.comparison.map { $0.maxRelative <= tolerance } ?? false
                  ? "as expected" : "moved"))
          }
        ),
      ])
  }
}
