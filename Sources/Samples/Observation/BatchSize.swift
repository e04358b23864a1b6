internal import IR
internal import Operators

/// How many samples to run at a time: the one place that decides it.
enum BatchSize {
  /// Bytes of outputs that a batch may have.
  private static let outputLimit = 16 << 20
  /// Bytes that the largest value of a batch may have.
  private static let valueLimit = 64 << 20

  /// The most samples that are asked for, or fewer where a batch of so many would be too large. What
  /// cannot be known beforehand does not count.
  static func fitting(_ model: Model, _ data: Dataset, most: Int) -> Int {
    guard data.batch == nil, most > 1, data.count > 1, let inputs = try? data.inputs(0..<1) else {
      return most
    }
    var sample = model
    // Declared types of intermediates may hold for other lengths.
    sample.graph.valueInfos = []
    for (index, info) in model.graph.inputs.enumerated() {
      guard let tensor = inputs[model.graph[info.value].name] else { continue }
      sample.graph.setInputType(index, .tensor(tensor.type))
    }
    guard let graph = (try? inferTypes(sample))?.graph else { return most }
    // A length that is written into the graph may be right for one sample at a time only.
    if let several = try? data.inputs(0..<min(most, data.count)) {
      var batch = sample
      for (index, info) in model.graph.inputs.enumerated() {
        guard let tensor = several[model.graph[info.value].name] else { continue }
        batch.graph.setInputType(index, .tensor(tensor.type))
      }
      do { _ = try inferTypes(batch) } catch { return 1 }
    }
    func bytes(_ value: ValueID) -> Int {
      guard let type = graph[value].tensorType, let shape = type.shape?.known else { return 0 }
      return shape.reduce(type.elementType.byteWidth ?? 1) {
        let (product, overflow) = $0.multipliedReportingOverflow(by: $1)
        return overflow ? Int.max : product
      }
    }
    let outputs = graph.outputs.map { bytes($0.value) }.max() ?? 0
    var largest = 0
    for id in graph.nodeIDs {
      for value in graph[id].outputs.compactMap({ $0 }) { largest = max(largest, bytes(value)) }
    }
    return max(1, min(most, outputLimit / max(outputs, 1), valueLimit / max(largest, 1)))
  }
}
