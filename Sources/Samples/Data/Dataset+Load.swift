private import Foundation
public import IR
internal import ONNXFile

extension Dataset {
  /// Loads data for a model.
  ///
  /// - Parameters:
  ///   - spec: an `.npz` file whose arrays are called like the graph's inputs (and `labels`); an
  ///     `.npy` or `.pb` file for a graph with one input; a folder of `NAME.npy`, `NAME.pb` or
  ///     `input_0.pb`, `input_1.pb`, …, or of folders `test_data_set_0`, … with such files; or
  ///     `random:N` for N samples of noise.
  ///   - seed: for `random:N`.
  public static func load(
    _ spec: String, for model: Model, seed: UInt64
  ) throws(ModelError) -> Dataset {
    let graph = model.graph
    let label = "data \"\(spec)\""
    if spec.hasPrefix("random:") {
      let text = spec.dropFirst("random:".count)
      guard let count = Int(text), count > 0 else {
        throw ModelError(
          .request, "\(label): expected a number of samples from 1, found '\(text)'")
      }
      let arrays = try RandomSamples(count: count, seed: seed).arrays(for: model, label: label)
      return try Dataset(arrays, for: graph, label: label)
    }
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: spec, isDirectory: &isFolder) || spec == "-" else {
      throw ModelError(
        .file,
        "\(label): expected an .npz, .npy or .pb file, a folder or random:N, found no such file")
    }
    if isFolder.boolValue { return try loadFolder(spec, for: graph, label: label) }

    let file = try FileBytes.read(spec, expecting: "data")
    if ZipArchive.isArchive(file) {
      let arrays = try noting(label) { () throws(ModelError) in try NPZ.decode(file) }
      return try Dataset(arrays, for: graph, label: label)
    }
    let isNPY = NPY.isNPY(file)
    let tensor = try noting(label) { () throws(ModelError) in
      isNPY ? try NPY.decode(file) : try ONNXFile.decodeTensor(file)
    }
    let inputs = graph.requiredInputs
    guard let input = inputs.first, inputs.count == 1 else {
      throw ModelError(
        .request, "\(label): expected arrays for the \(inputs.count) inputs of the graph, found one"
      )
    }
    let arrays = [(name: graph[input.value].name, tensor: tensor)]
    return try Dataset(arrays, for: graph, label: label, isFromProtos: !isNPY)
  }

  private static func loadFolder(
    _ path: String, for graph: Graph, label: String
  ) throws(ModelError) -> Dataset {
    let names = try listing(path, label)
    let sets = names.filter { $0.hasPrefix("test_data_set_") }.sorted {
      ($0.count, $0) < ($1.count, $1)
    }
    guard !sets.isEmpty else {
      let (arrays, isFromProtos) = try loadSet(path, names, for: graph)
      return try Dataset(arrays, for: graph, label: label, isFromProtos: isFromProtos)
    }
    var columns: [(name: String, parts: [Tensor])] = []
    var isFromProtos = false
    for set in sets {
      let folder = "\(path)/\(set)"
      let (arrays, protos) = try loadSet(folder, try listing(folder, label), for: graph)
      isFromProtos = isFromProtos || protos
      for (name, tensor) in arrays {
        if let index = columns.firstIndex(where: { $0.name == name }) {
          columns[index].parts.append(tensor)
        } else {
          columns.append((name, [tensor]))
        }
      }
    }
    var arrays: [(name: String, tensor: Tensor)] = []
    for (name, parts) in columns {
      guard parts.count == sets.count, let whole = Tensor(concatenating: parts) else {
        let types = parts.map { "\($0.type)" }.joined(separator: ", ")
        throw ModelError(
          .request,
          "\(label): expected arrays of one type and shape for '\(name)' in \(sets.count) folders,"
            + " found \(types)")
      }
      arrays.append((name, whole))
    }
    return try Dataset(arrays, for: graph, label: label, isFromProtos: isFromProtos)
  }

  private static func listing(_ path: String, _ label: String) throws(ModelError) -> [String] {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    } catch {
      throw ModelError(.file, "\(label): expected a readable folder, found \"\(path)\"")
    }
  }

  /// The arrays of one folder, and whether some came from `.pb` files.
  private static func loadSet(
    _ path: String, _ names: [String], for graph: Graph
  ) throws(ModelError) -> ([(name: String, tensor: Tensor)], Bool) {
    var arrays: [(name: String, tensor: Tensor)] = []
    // Where nothing is to be read, other test data tells what is wanted.
    var isFromProtos = graph.requiredInputs.isEmpty && names.contains { $0.hasSuffix(".pb") }
    let required = graph.requiredInputs.map { graph[$0.value].name }
    let others = graph.inputs.map { graph[$0.value].name }.filter { !required.contains($0) }
    // A full set of numbers settles it where inputs are called `input_1`, `input_2`, … themselves.
    let isNumbered = required.indices.allSatisfy { names.contains("input_\($0).pb") }
    let all = required + others + ["labels"]
    for (index, (name, stem)) in zip(all, fileStems(for: all)).enumerated() {
      let candidates =
        isNumbered && index < required.count
        ? ["input_\(index).pb"] : ["\(stem).npy", "\(stem).pb", "input_\(index).pb"]
      let file = candidates.first { names.contains($0) }
      guard let file else { continue }
      let isProto = file.hasSuffix(".pb")
      isFromProtos = isFromProtos || isProto
      let tensor =
        isProto ? try ONNXFile.readTensor("\(path)/\(file)") : try NPY.read("\(path)/\(file)")
      arrays.append((name, tensor))
    }
    return (arrays, isFromProtos)
  }
}
