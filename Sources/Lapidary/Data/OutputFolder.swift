private import Foundation
public import IR
internal import ONNXFile

/// A folder that takes the outputs of a run, one file each.
public struct OutputFolder: Sendable {
  private let path: String

  /// Names the folder; it is made when something is written.
  public init(_ path: String) { self.path = path }

  /// Writes every output of a graph, in order.
  ///
  /// - Parameter asTensors: whether as ONNX tensors, `output_0.pb` and on, or as `NAME.npy`.
  public func write(
    _ results: [String: Tensor], of graph: Graph, asTensors: Bool
  ) throws(ModelError) {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw ModelError(
        .file, "\"\(path)\": expected a folder to write to, found none that can be made")
    }
    for (index, info) in graph.outputs.enumerated() {
      let name = graph[info.value].name
      guard var tensor = results[name] else { continue }
      if asTensors {
        tensor.name = name
        try ONNXFile.writeTensor(tensor, to: "\(path)/output_\(index).pb")
      } else {
        try NPY.write(tensor, to: "\(path)/\(Dataset.fileStem(for: name)).npy")
      }
    }
  }
}
