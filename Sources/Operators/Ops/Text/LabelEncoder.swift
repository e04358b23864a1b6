package import IR

/// Elements looked up in a table of keys and values
/// (https://onnx.ai/onnx/operators/onnx_aionnxml_LabelEncoder.html).
package struct LabelEncoder: TextOperator {
  package static let schema = Schema(
    "LabelEncoder", domain: "ai.onnx.ml", opsets: 1...5, inputs: 1...1)

  private enum Key: Hashable {
    case text([UInt8])
    case integer(Int)
    case number(UInt64)

    /// All NaNs are one key.
    init(_ number: Double) {
      self = .number(number.isNaN ? Double.nan.bitPattern : number.bitPattern)
    }
  }

  /// The place in `values` of each key.
  private let places: [Key: Int]
  /// The values, the default last.
  private let values: Tensor

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    let table = opset == 1 ? try Self.classes(node) : try Self.table(node)
    guard let keys = Self.keys(table.keys), keys.count == table.values.count,
      let whole = Tensor(joining: [table.values, table.fallback], axis: 0)
    else {
      throw ModelError(
        .invalid,
        "\(node.label): expected as many values as keys and a default of their type, found"
          + " \(table.keys.type), \(table.values.type) and \(table.fallback.type)")
    }
    // The first of equal keys counts.
    places = Dictionary(
      keys.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    values = whole
  }

  private typealias Table = (keys: Tensor, values: Tensor, fallback: Tensor)

  /// Version 1: words to their places, or places to words, as the input's type says; only the first
  /// can be told from the attributes, and is what exporters emit.
  private static func classes(_ node: NodeView) throws(ModelError) -> Table {
    let words = try node.strings("classes_strings") ?? []
    return (
      Tensor(strings: words, [words.count]),
      Tensor(int64: Array(words.indices), [words.count]),
      Tensor(int64: [try node.int("default_int64", default: -1)], [1])
    )
  }

  private static func table(_ node: NodeView) throws(ModelError) -> Table {
    guard let keys = try list("keys", node), let values = try list("values", node) else {
      throw ModelError(
        .invalid, "\(node.label): expected attributes with keys and values, found none")
    }
    var fallback: Tensor
    if let given = try node.tensor("default_tensor") {
      fallback = given
    } else if values.elementType == .string {
      fallback = Tensor(
        strings: [Array(try node.string("default_string", default: "_Unused").utf8)], [])
    } else if values.elementType == .int64 {
      fallback = Tensor(int64: [try node.int("default_int64", default: -1)], [])
    } else if values.elementType == .float {
      fallback = Tensor(floats: [try node.float("default_float", default: -0.0)], [])
    } else {
      throw node.mismatch("default_tensor", expected: "a tensor of one element", found: "none")
    }
    fallback.dimensions = [fallback.count]
    guard fallback.count == 1 else {
      throw node.mismatch(
        "default_tensor", expected: "a tensor of one element", found: "\(fallback.type)")
    }
    return (keys, values, fallback)
  }

  private static func list(_ name: String, _ node: NodeView) throws(ModelError) -> Tensor? {
    if var tensor = try node.tensor("\(name)_tensor") {
      tensor.dimensions = [tensor.count]
      return tensor
    }
    if let strings = try node.strings("\(name)_strings") {
      return Tensor(strings: strings, [strings.count])
    }
    if let integers = try node.ints("\(name)_int64s") {
      return Tensor(int64: integers, [integers.count])
    }
    if let floats = try node.floats("\(name)_floats") {
      return Tensor(floats: floats, [floats.count])
    }
    return nil
  }

  private static func keys(_ tensor: Tensor) -> [Key]? {
    if case .strings(let texts) = tensor.payload { return texts.map { .text($0) } }
    return tensor.integers?.map { .integer($0) } ?? tensor.doubles?.map { Key($0) }
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    [Inferred(values.elementType, inputs.shape(0))]
  }

  package func evaluate(_ call: Call) throws(ModelError) -> [Datum?] {
    let x = try call.tensor(0)
    guard let keys = Self.keys(x) else {
      throw call.mismatch(0, expected: "a tensor of strings or numbers")
    }
    let last = values.count - 1
    let found = keys.map { places[$0] ?? last }
    var result = values
    result.dimensions = x.dimensions
    switch values.payload {
    case .strings(let texts): result.payload = .strings(found.map { texts[$0] })
    case .bytes(let storage):
      let width = storage.count / values.count
      let bytes = found.flatMap { storage.bytes[$0 * width..<($0 + 1) * width] }
      result.payload = .bytes(Storage(bytes))
    }
    return [.tensor(result)]
  }
}
