internal import IR
internal import ONNXFile
internal import Platform

/// A folder with data for a graph, in one of these forms:
///
/// - files called like the graph's inputs, `NAME.npy` or `NAME.pb`, or `input_0.pb`, `input_1.pb`, …;
/// - folders `test_data_set_0`, … with such files;
/// - pictures, or a folder of pictures for each class (`PictureFolder`), for a graph with one input;
/// - an `.npy` or `.pb` file a sample under any names, for a graph with one input.
///
/// Labels are `labels.npy`, `label.npy` or `y.npy` beside them.
struct DataFolder {
  private let path: String
  private let names: [String]
  private let graph: Graph
  private let preprocessing: Preprocessing?
  private let label: String

  init(
    _ path: String, for graph: Graph, preprocessing: Preprocessing?, label: String
  ) throws(ModelError) {
    self.path = path
    self.graph = graph
    self.preprocessing = preprocessing
    self.label = label
    names = try Self.listing(path, label)
  }

  private static func listing(_ path: String, _ label: String) throws(ModelError) -> [String] {
    guard let names = FileTree.names(in: path) else {
      throw ModelError(.file, "\(label): expected a readable folder, found \"\(path)\"")
    }
    return names
  }

  /// The samples.
  ///
  /// - Throws: `ModelError` that lists what the folder holds where that is none of the forms.
  func dataset() throws(ModelError) -> Dataset {
    let sets = names.filter { $0.hasPrefix("test_data_set_") }.inNaturalOrder
    if !sets.isEmpty { return try joined(sets) }
    let (arrays, isFromProtos) = try arrays(in: path, names)
    let inputs = Set(graph.inputs.map { graph[$0.value].name })
    let isComplete = graph.requiredInputs.isEmpty || arrays.contains { inputs.contains($0.name) }
    if !isComplete {
      if let pictures = try PictureFolder(path, names) {
        return try Dataset.pictures(
          pictures, for: graph, preprocessing: preprocessing, label: label)
      }
      if let samples = try filePerSample(labels: arrays) { return samples }
      throw ModelError(
        .request, "\(label): expected \(expectation), found \(contents)")
    }
    return try Dataset(arrays, for: graph, label: label, isFromProtos: isFromProtos)
  }

  /// What files would have done.
  private var expectation: String {
    let inputs = graph.requiredInputs.map { "'\(graph[$0.value].name).npy'" }
    let named = inputs.prefix(3).joined(separator: ", ") + (inputs.count > 3 ? ", …" : "")
    return inputs.count == 1
      ? "\(named), an .npy or .pb file a sample, or pictures" : "\(named) or input_0.pb, …"
  }

  /// What the folder holds, for messages.
  private var contents: String {
    guard !names.isEmpty else { return "an empty folder" }
    let listed = names.prefix(5).map { "'\($0)'" }.joined(separator: ", ")
    return names.count > 5 ? "\(names.count) files: \(listed), …" : listed
  }

  /// Each file a sample of the sole input; nil where there are no such files.
  private func filePerSample(
    labels: [(name: String, tensor: Tensor)]
  ) throws(ModelError) -> Dataset? {
    let required = graph.requiredInputs
    guard required.count == 1 else { return nil }
    let reserved = Set(DatasetLabels.names.map { "\($0).npy" })
    let files = names.filter {
      !$0.hasPrefix(".") && !reserved.contains($0) && ($0.hasSuffix(".npy") || $0.hasSuffix(".pb"))
    }.inNaturalOrder
    guard !files.isEmpty else { return nil }
    var tensors: [Tensor] = []
    for file in files { tensors.append(try Self.tensor("\(path)/\(file)")) }
    let isFromProtos = files.allSatisfy { $0.hasSuffix(".pb") }
    var arrays = labels.map { (name: $0.name, values: SampleArray.stacked($0.tensor)) }
    // A single file may hold all samples.
    arrays.append(
      (
        name: graph[required[0].value].name,
        values: tensors.count == 1 ? .stacked(tensors[0]) : .separate(tensors)
      ))
    let note =
      tensors.count == 1
      ? "'\(files[0])' taken for the graph's sole input"
      : "\(files.count) files taken as a sample each"
    return try Dataset(
      samples: arrays, for: graph, label: label, isFromProtos: isFromProtos, notes: [note])
  }

  private static func tensor(_ path: String) throws(ModelError) -> Tensor {
    path.hasSuffix(".pb") ? try ONNXFile.readTensor(path) : try NPY.read(path)
  }

  /// The arrays of several folders, one after another.
  private func joined(_ sets: [String]) throws(ModelError) -> Dataset {
    var columns: [(name: String, parts: [Tensor])] = []
    var isFromProtos = false
    for set in sets {
      let folder = "\(path)/\(set)"
      let (arrays, protos) = try arrays(in: folder, try Self.listing(folder, label))
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

  /// The arrays of one folder that are called like inputs or labels, and whether some came from
  /// `.pb` files.
  private func arrays(
    in path: String, _ names: [String]
  ) throws(ModelError) -> ([(name: String, tensor: Tensor)], Bool) {
    var arrays: [(name: String, tensor: Tensor)] = []
    // Where nothing is to be read, other test data tells what is wanted.
    var isFromProtos = graph.requiredInputs.isEmpty && names.contains { $0.hasSuffix(".pb") }
    let required = graph.requiredInputs.map { graph[$0.value].name }
    let others = graph.inputs.map { graph[$0.value].name }.filter { !required.contains($0) }
    // A full set of numbers settles it where inputs are called `input_1`, `input_2`, … themselves.
    let isNumbered = required.indices.allSatisfy { names.contains("input_\($0).pb") }
    let all = required + others + DatasetLabels.names.filter { !required.contains($0) }
    for (index, (name, stem)) in zip(all, Dataset.fileStems(for: all)).enumerated() {
      let candidates =
        isNumbered && index < required.count
        ? ["input_\(index).pb"] : ["\(stem).npy", "\(stem).pb", "input_\(index).pb"]
      guard let file = candidates.first(where: { names.contains($0) }) else { continue }
      isFromProtos = isFromProtos || file.hasSuffix(".pb")
      arrays.append((name, try Self.tensor("\(path)/\(file)")))
    }
    return (arrays, isFromProtos)
  }
}
