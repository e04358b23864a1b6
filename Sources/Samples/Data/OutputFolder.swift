public import IR
internal import ONNXFile
internal import Platform

/// A folder that takes the outputs of a run, one file each.
public struct OutputFolder: Sendable {
  private let path: String

  /// Names the folder; it is made when something is written.
  public init(_ path: String) { self.path = path }

  /// Writes every output of a graph, in order.
  ///
  /// - Parameter asProtos: whether as ONNX values, `output_0.pb` and on, or tensors of what NumPy knows
  ///   as `NAME.npy`.
  ///   Tensors of several batches that do not join are `NAME_0.npy` and on.
  /// - Returns: the file of each output, by its name.
  @discardableResult
  public func write(
    _ results: [String: Datum], of graph: Graph, asProtos: Bool
  ) throws(ModelError) -> [String: String] {
    func isSequence(_ info: ValueInfo) -> Bool {
      if case .sequence? = graph[info.value].type ?? info.type { true } else { false }
    }
    var files: [String: String] = [:]
    guard FileTree.makeFolder(path) else {
      throw ModelError(
        .file, "\"\(path)\": expected a folder to write to, found none that can be made")
    }
    let names = graph.outputs.map { graph[$0.value].name }
    for (index, (name, stem)) in zip(names, Dataset.fileStems(for: names)).enumerated() {
      guard let value = results[name] else { continue }
      if let tensor = value.tensor, NPY.holds(tensor.elementType), !asProtos {
        files[name] = "\(stem).npy"
        try NPY.write(tensor, to: "\(path)/\(stem).npy")
      } else if let parts = Self.parts(value), !asProtos, !isSequence(graph.outputs[index]) {
        files[name] = "\(stem)_0.npy to \(stem)_\(parts.count - 1).npy"
        for (place, tensor) in parts.enumerated() {
          try NPY.write(tensor, to: "\(path)/\(stem)_\(place).npy")
        }
      } else {
        files[name] = "output_\(index).pb"
        try ONNXFile.writeValue(value, name: name, to: "\(path)/output_\(index).pb")
      }
    }
    return files
  }

  /// The tensors of a sequence that NumPy knows; nil for other values.
  private static func parts(_ value: Datum) -> [Tensor]? {
    guard case .sequence(let elements, _) = value else { return nil }
    let tensors = elements.compactMap(\.tensor).filter { NPY.holds($0.elementType) }
    return tensors.count == elements.count ? tensors : nil
  }
}
