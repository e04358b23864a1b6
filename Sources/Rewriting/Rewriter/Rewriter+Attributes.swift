package import IR

/// Attributes of nodes, and what may stand in their place.
extension Rewriter {
  /// An integer attribute.
  package func int(_ id: NodeID, _ name: String, _ fallback: Int) -> Int {
    if case .int(let value)? = graph[id].attribute(name) { value } else { fallback }
  }

  /// A list of integers, nil when absent.
  package func ints(_ id: NodeID, _ name: String) -> [Int]? {
    if case .ints(let values)? = graph[id].attribute(name) { values } else { nil }
  }

  /// A float attribute.
  package func float(_ id: NodeID, _ name: String, _ fallback: Float) -> Float {
    if case .float(let value)? = graph[id].attribute(name) { value } else { fallback }
  }

  /// A string attribute.
  package func string(_ id: NodeID, _ name: String, _ fallback: String) -> String {
    guard case .string(let bytes)? = graph[id].attribute(name) else { return fallback }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The axes of a reduction, or of Squeeze and Unsqueeze: an attribute or an input by opset; nil
  /// when absent or not constant.
  package func axes(_ id: NodeID) -> [Int]? { ints(id, "axes") ?? integers(input(id, 1)) }
}
