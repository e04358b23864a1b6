public import IR
internal import ONNXFile
internal import Platform

/// Values for one run of a model, as a folder of ONNX test data holds them: `input_0.pb`,
/// `input_1.pb`, … in the order of the graph's inputs. Other than in a `Dataset`, no axis counts
/// samples, and values may be sequences, optionals and strings.
public struct ValueSet: Sendable {
  /// The values by the inputs' names.
  public let values: [String: Datum]

  /// Reads the values in a folder, or in its only folder `test_data_set_0`; nil when `path` is no such
  /// folder.
  public init?(_ path: String, for graph: Graph) throws(ModelError) {
    let folders = [path, "\(path)/test_data_set_0"]
    guard !FileTree.exists("\(path)/test_data_set_1"),
      let folder = folders.first(where: { FileTree.exists("\($0)/input_0.pb") })
    else { return nil }
    var values: [String: Datum] = [:]
    var number = 0
    for info in graph.inputs {
      // Files count every input where there is one for each, else those that must be given.
      let isOptional = graph[info.value].initializer != nil
      let hasAll = FileTree.exists("\(folder)/input_\(graph.inputs.count - 1).pb")
      if isOptional && !hasAll { continue }
      let file = "\(folder)/input_\(number).pb"
      number += 1
      guard FileTree.exists(file) else { continue }
      values[graph[info.value].name] = try ONNXFile.readValue(file, as: info.type)
    }
    self.values = values
  }
}
