internal import IR

/// What became of a weight: which channels stayed, and how far the elements that correspond lie apart.
public struct WeightChange: Hashable, Sendable {
  /// The shape in the first model.
  public let from: [Int]
  /// The shape in the second.
  public let to: [Int]
  /// The axis along which the layer's own channels lie; nil for a weight that makes none.
  public let outputAxis: Int?
  /// For each axis the correspondence of its indices; nil where none was found.
  public let maps: [ChannelMap?]
  /// The elements that correspond; nil where some axis has no correspondence.
  public let difference: TensorDifference?

  /// Whether indices and elements are all where they were, bit for bit in value.
  var isNone: Bool { isSliceOnly && maps.allSatisfy { $0?.isIdentity ?? false } }

  /// Whether every element of the second is one of the first.
  var isSliceOnly: Bool { difference.map { $0.changed == 0 } ?? false }

  /// Whether indices are only in another order.
  var isReorderingOnly: Bool {
    isSliceOnly && from == to
      && maps.allSatisfy { $0.map { $0.places.count == $0.length } ?? false }
  }

  /// The channels that the layer makes, where they changed.
  var outputMap: ChannelMap? {
    guard let outputAxis, let map = maps[safe: outputAxis] ?? nil, !map.isIdentity else {
      return nil
    }
    return map
  }

  /// In words.
  var text: String {
    var parts: [String] = []
    if let outputMap {
      parts.append(outputMap.text)
    } else if let outputAxis, from[safe: outputAxis] != to[safe: outputAxis] {
      parts.append("channels \(from[safe: outputAxis] ?? 0) → \(to[safe: outputAxis] ?? 0)")
    }
    for (axis, map) in maps.enumerated() where axis != outputAxis {
      guard let map, !map.isIdentity else {
        if map == nil { parts.append("axis \(axis): \(from[axis]) → \(to[axis])") }
        continue
      }
      parts.append(
        map.isReordering
          ? isSliceOnly ? "axis \(axis) reordered alike" : "axis \(axis) comes in another order"
          : "axis \(axis) cut alike, \(map.length) → \(map.places.count)")
    }
    if let difference, difference.changed > 0 { parts.append(difference.text) }
    return parts.joined(separator: "; ")
  }

  /// For programs.
  var members: [JSONValue.Member] {
    let axes = maps.enumerated().compactMap { axis, map -> JSONValue? in
      guard let map, !map.isIdentity else { return nil }
      return .object([
        "axis": .int(axis), "from": .int(map.length), "to": .int(map.places.count),
        "kept": .array(map.places.map { .int($0) }),
      ])
    }
    let figures = difference.map { $0.figures } ?? []
    return [
      .init(key: "shape_a", value: .array(from.map { .int($0) })),
      .init(key: "shape_b", value: .array(to.map { .int($0) })),
      .init(key: "channels", value: .array(axes)),
    ] + figures
  }
}
