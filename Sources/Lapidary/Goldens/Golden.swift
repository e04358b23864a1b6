internal import IR
internal import Platform

/// What a model is expected to be and to compute, in a folder of small files that are kept under
/// version control (docs/formats/golden.md):
///
/// - `golden.json`: the version of the form, samples, tolerances, what the outputs are;
/// - `graph.txt`: the model in ONNX's text syntax, large weights as shape and digest;
/// - `graph.onnx`: the same for programs, digests in place of large weights;
/// - `output_0.txt` and on: expected numbers, one a line;
/// - `input_0.npy` and on: samples, where they are not random.
public struct Golden: Codable, Hashable, Sendable {
  /// The version of the form.
  public var golden = 1
  /// The samples.
  public var samples: Samples
  /// Outputs may lie so far from the expected ones, relative to their largest magnitude.
  public var tolerance: Double
  /// The graph's outputs, in order.
  public var outputs: [Output]

  /// Where samples come from.
  public struct Samples: Codable, Hashable, Sendable {
    /// How many.
    public var count: Int
    /// The seed of random samples; nil where they stand in files.
    public var seed: UInt64?
    /// Names of the graph's inputs, in the order of the files.
    public var inputs: [String]
    /// Digests of the inputs, in the same order.
    public var digests: [String]
  }

  /// One output.
  public struct Output: Codable, Hashable, Sendable {
    /// Its name.
    public var name: String
    /// Its type for these samples.
    public var type: String
    /// How many elements it has; of more than `Golden.elementLimit` every `stride`-th is kept.
    public var elements: Int
    /// Which elements are kept.
    public var stride: Int
    /// The largest magnitude of a finite element.
    public var magnitude: Double
  }

  /// Elements of an output that are kept.
  static let elementLimit = 4096
  /// Elements of a weight up to which it is kept whole.
  static let weightLimit = 64

  static let fileName = "golden.json", graphFile = "graph.onnx", textFile = "graph.txt"

  /// Whether a folder holds a golden.
  public static func isAt(_ folder: String) -> Bool {
    FileTree.exists("\(folder)/\(fileName)")
  }

  /// Reads the description in a folder.
  static func read(_ folder: String) throws(ModelError) -> Golden {
    let path = "\(folder)/\(fileName)"
    let bytes = try TextFile.read(path)
    let golden: Golden
    do { golden = try JSONCoding.value(from: bytes) } catch {
      throw ModelError(.malformed, "\"\(path)\": expected a golden, found other content")
    }
    guard golden.golden == 1 else {
      throw ModelError(
        .unsupported, "\"\(path)\": expected form 1 of a golden, found \(golden.golden)")
    }
    return golden
  }

  func write(_ folder: String) throws(ModelError) {
    do {
      try TextFile.write(
        try JSONCoding.bytes(of: self, escapesSlashes: false) + [10],
        to: "\(folder)/\(Self.fileName)")
    } catch let error as ModelError { throw error } catch {
      throw ModelError(.invalid, "golden: \(error)")
    }
  }
}

extension Model {
  /// The model with digests in place of its large weights: tensors of one text each, of the same rank.
  func withDigests() -> Model {
    var copy = self
    copy.graph.digestWeights()
    for index in copy.functions.indices { copy.functions[index].body.digestWeights() }
    return copy
  }
}

extension Graph {
  fileprivate mutating func digestWeights() {
    for id in initializers {
      if let digest = self[id].initializer?.digestText { setInitializer(id, digest) }
    }
    for id in nodeIDs {
      for (index, attribute) in self[id].attributes.enumerated() {
        if case .tensor(let tensor) = attribute.value, let digest = tensor.digestText {
          self[id].attributes[index].value = .tensor(digest)
        }
      }
      guard !self[id].subgraphs.isEmpty else { continue }
      try? updateSubgraphs(of: id) { (attributes: inout [Attribute]) throws(ModelError) in
        for index in attributes.indices { attributes[index].digestBodies() }
      }
    }
    // Types of constants that became texts would contradict these.
    valueInfos = valueInfos.filter { self[$0.value].initializer?.elementType != .string }
  }
}

extension Attribute {
  fileprivate mutating func digestBodies() {
    switch value {
    case .graph(var graph):
      graph.digestWeights()
      value = .graph(graph)
    case .graphs(let graphs):
      value = .graphs(
        graphs.map { graph in
          var copy = graph
          copy.digestWeights()
          return copy
        })
    default: break
    }
  }
}

extension Tensor {
  /// `float[64,3,7,7] 0123456789abcdef` as a tensor of one text; nil for a small tensor.
  fileprivate var digestText: Tensor? {
    guard count > Golden.weightLimit, elementType != .string else { return nil }
    var text = Tensor(
      strings: [Array("\(type) \(digest)".utf8)], dimensions.map { _ in 1 })
    text.name = name
    return text
  }
}
