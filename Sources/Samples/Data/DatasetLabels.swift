internal import IR

/// Where data says which class a sample is of.
enum DatasetLabels {
  /// Names under which labels are looked for, the first that there is.
  static let names = ["labels", "label", "y"]

  /// The labels among some arrays; nil where there are none.
  static func find(
    _ arrays: [(name: String, values: SampleArray)], for graph: Graph, count: Int, _ label: String
  ) throws(ModelError) -> [Int]? {
    let inputs = Set(graph.inputs.map { graph[$0.value].name })
    for name in names where !inputs.contains(name) {
      guard let values = arrays.last(where: { $0.name == name })?.values else { continue }
      guard case .stacked(let tensor) = values,
        let labels = tensor.integers ?? tensor.converted(to: .int64)?.integers,
        labels.count >= count, tensor.dimensions.dropFirst().allSatisfy({ $0 == 1 })
      else {
        throw ModelError(
          .request,
          "\(label): array '\(name)': expected \(count) integers, found \(values.summary)")
      }
      return Array(labels.prefix(count))
    }
    return nil
  }
}
