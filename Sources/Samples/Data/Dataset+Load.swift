public import IR
internal import ONNXFile
internal import Pictures
internal import Platform

extension Dataset {
  /// Loads data for a model.
  ///
  /// - Parameters:
  ///   - spec: an `.npz` file whose arrays are called like the graph's inputs (and `labels`, `label`
  ///     or `y`); an `.npy`, `.pb` or picture file for a graph with one input; a folder
  ///     (`DataFolder`); or `random:N` for N samples of noise.
  ///   - seed: for `random:N`.
  ///   - preprocessing: how pictures become the input; required for these.
  ///   - carried: inputs that get what the sample before left in an output, and that the data does
  ///     not have.
  public static func load(
    _ spec: String, for model: Model, seed: UInt64, preprocessing: Preprocessing? = nil,
    carrying carried: Carrying? = nil
  ) throws(ModelError) -> Dataset {
    guard let carried, !carried.pairs.isEmpty else {
      return try load(spec, model, seed: seed, preprocessing: preprocessing)
        .remarking(unused: preprocessing, label: "data \"\(spec)\"")
    }
    let state = try CarriedState(carried.pairs, of: model)
    return try state.completing(
      try load(spec, state.resting, seed: seed, preprocessing: preprocessing)
        .remarking(unused: preprocessing, label: "data \"\(spec)\""), carried.options)
  }

  private static func load(
    _ spec: String, _ model: Model, seed: UInt64, preprocessing: Preprocessing?
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
      var data = try Dataset(arrays, for: graph, label: label)
      data.part = .random
      return data
    }
    guard FileTree.exists(spec) || spec == "-" else {
      throw ModelError(
        .file,
        "\(label): expected an .npz, .npy or .pb file, a folder or random:N, found no such file")
    }
    if FileTree.isFolder(spec) {
      return try DataFolder(spec, for: graph, preprocessing: preprocessing, label: label).dataset()
    }
    if Picture.isNamed(spec) {
      return try pictures(
        PictureFolder(picture: spec), for: graph, preprocessing: preprocessing, label: label)
    }

    let file = try FileBytes.read(spec, expecting: "data")
    if ZipArchive.isArchive(file) {
      let arrays = try noting(label) { () throws(ModelError) in try NPZ.decodeSamples(file) }
      return try Dataset(samples: arrays, for: graph, label: label)
    }
    let isNPY = NPY.isNPY(file)
    let values = try noting(label) { () throws(ModelError) -> SampleArray in
      isNPY ? try NPY.decodeSamples(file) : .stacked(try ONNXFile.decodeTensor(file))
    }
    let inputs = graph.requiredInputs
    guard let input = inputs.first, inputs.count == 1 else {
      throw ModelError(
        .request, "\(label): expected arrays for the \(inputs.count) inputs of the graph, found one"
      )
    }
    let arrays = [(name: graph[input.value].name, values: values)]
    return try Dataset(samples: arrays, for: graph, label: label, isFromProtos: !isNPY)
  }

  /// Samples made of pictures, for a graph with one input.
  static func pictures(
    _ folder: PictureFolder, for graph: Graph, preprocessing: Preprocessing?, label: String
  ) throws(ModelError) -> Dataset {
    let inputs = graph.requiredInputs
    guard let info = inputs.first, inputs.count == 1 else {
      throw ModelError(
        .request,
        "\(label): expected arrays for the \(inputs.count) inputs of the graph, found pictures")
    }
    guard let preprocessing else {
      throw ModelError(
        .request,
        "\(label): expected to be told how pictures become the input, found no --preprocess",
        hint:
          "--preprocess \(Preprocessing.presets.joined(separator: "|")), as the model was trained"
      )
    }
    let type = info.type?.tensor
    let input = try noting(label) { () throws(ModelError) in
      try PictureInput(graph[info.value].name, type, preprocessing)
    }
    return try Dataset(
      folder, input, batch: type?.shape?.dimensions.first?.value, label: label)
  }
}
