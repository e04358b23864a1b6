private import Glibc
public import Execution
public import IR
internal import OneDNN
internal import Platform
public import Samples

extension Golden {
  /// The least tolerance: rounding of sums in another order.
  private static let leastTolerance = 1e-5

  /// Records what a model is and computes.
  ///
  /// The tolerance follows from how far the two backends lie apart on the samples: ten times that, as
  /// room for the arithmetic of other machines.
  ///
  /// - Parameters:
  ///   - folder: is made, and must hold nothing else than an older golden.
  ///   - seed: the seed where samples are random.
  ///   - tolerance: the tolerance, nil to measure it.
  public static func record(
    _ model: Model, to folder: String, on data: Dataset, seed: UInt64, options: SessionOptions,
    tolerance: Double? = nil
  ) throws(ModelError) -> Golden {
    try makeFolder(folder)
    let isRandom = data.part == .random
    let inputs = try data.inputs(0..<data.count)
    let names = inputs.keys.sorted()
    let session = try Session(model, options: options)
    let results = try data.run(on: session)
    var outputs: [Output] = []
    for info in model.graph.outputs {
      let name = model.graph[info.value].name
      outputs.append(output(name, try tensor(results, name)))
    }
    let allowed: Double
    if let tolerance {
      allowed = tolerance
    } else {
      allowed = try measured(model, data, results, options)
    }
    let golden = Golden(
      samples: Samples(
        count: data.count, seed: isRandom ? seed : nil, inputs: names,
        digests: names.map { inputs[$0]?.digest ?? "" }),
      tolerance: allowed,
      outputs: outputs)
    for (index, output) in golden.outputs.enumerated() {
      let lines = golden.kept(try tensor(results, output.name), of: output)
      try TextFile.write(
        Array(lines.map { $0 + "\n" }.joined().utf8), to: "\(folder)/output_\(index).txt")
    }
    for (index, name) in names.enumerated() where !isRandom {
      guard let tensor = inputs[name] else { continue }
      try NPY.write(tensor, to: "\(folder)/input_\(index).npy")
    }
    try TextFile.write(Array(model.text().utf8), to: "\(folder)/\(textFile)")
    try ONNXFile.write(model.withDigests(), to: "\(folder)/\(graphFile)")
    try golden.write(folder)
    return golden
  }

  private static func makeFolder(_ folder: String) throws(ModelError) {
    let there = FileTree.names(in: folder) ?? []
    guard there.isEmpty || there.contains(fileName) else {
      throw ModelError(
        .file, "\"\(folder)\": expected a new folder or one that holds a golden, found other files")
    }
    let stale = there.filter { $0.hasPrefix("output_") || $0.hasPrefix("input_") }
    guard FileTree.makeFolder(folder), stale.allSatisfy({ FileTree.remove("\(folder)/\($0)") })
    else {
      throw ModelError(
        .file, "\"\(folder)\": expected a folder to write to, found none that can be made")
    }
  }

  /// Ten times the largest difference between the backends, relative to the output's magnitude.
  private static func measured(
    _ model: Model, _ data: Dataset, _ results: [String: Datum], _ options: SessionOptions
  ) throws(ModelError) -> Double {
    var other = options
    let isReference = options.backend.description == BackendChoice.reference.description
    other.backend = isReference ? .accelerated : .reference
    let again = try data.run(on: try Session(model, options: other))
    var largest = 0.0
    for (name, value) in results {
      guard let x = value.tensor, let y = again[name]?.tensor, x.type == y.type else { continue }
      let found = try Comparison(reference: x, candidate: y)
      if found.maxRelative.isFinite { largest = max(largest, found.maxRelative) }
    }
    return max(leastTolerance, rounded(10 * largest))
  }

  /// A number with two digits, upwards.
  private static func rounded(_ value: Double) -> Double {
    guard value > 0 else { return 0 }
    let exponent = Int(log10(value).rounded(.down)) - 1
    let digits = (value / pow(10, Double(exponent))).rounded(.up)
    return Double("\(Int(digits))e\(exponent)") ?? value
  }

  private static func output(_ name: String, _ tensor: Tensor) -> Output {
    let numbers = tensor.doubles ?? []
    return Output(
      name: name, type: "\(tensor.type)", elements: tensor.count,
      stride: max(1, (tensor.count + elementLimit - 1) / elementLimit),
      magnitude: numbers.lazy.filter(\.isFinite).map(\.magnitude).max() ?? 0)
  }

  static func tensor(_ results: [String: Datum], _ name: String) throws(ModelError) -> Tensor {
    guard let tensor = results[name]?.tensor else {
      throw ModelError(
        .unsupported,
        "output '\(name)': expected a tensor, found \(results[name].map { "\($0.type)" } ?? "nothing")"
      )
    }
    return tensor
  }

  /// The elements of an output that are kept, as texts that read back as the same numbers.
  func kept(_ tensor: Tensor, of output: Output) -> [String] {
    let places = stride(from: 0, to: tensor.count, by: output.stride)
    if case .strings(let texts) = tensor.payload {
      return places.map { place in
        texts[place].map { String($0, radix: 16) }.joined(separator: " ")
      }
    }
    if tensor.elementType == .float, let values = tensor.floats {
      return places.map { "\(values[$0])" }
    }
    let values = tensor.doubles ?? []
    return places.compactMap { place in values.indices.contains(place) ? "\(values[place])" : nil }
  }
}
