internal import IR

/// What was done to one layer, gathered from the differences at its node.
package struct LayerSummary {
  /// The layer, as the first model calls it.
  package let name: String
  /// The differences, in the order in which they were found.
  private(set) var hunks: [DiffHunk]

  init(name: String, _ hunks: [DiffHunk]) {
    self.name = name
    self.hunks = hunks
  }

  private var weights: [WeightChange] {
    hunks.compactMap { if case .weight(let change) = $0.change { change } else { nil } }
  }

  /// The change of the weight that makes the layer's channels.
  private var main: WeightChange? {
    weights.first { $0.outputAxis != nil && $0.from.count > 1 }
      ?? weights.first { $0.from.count > 1 }
  }

  /// What a headline counts the layer as.
  var words: [String] {
    var found: [String] = []
    if let main, let axis = main.outputAxis {
      let gap = (main.to[safe: axis] ?? 0) - (main.from[safe: axis] ?? 0)
      if gap < 0 { found.append("narrower") }
      if gap > 0 { found.append("wider") }
      if gap == 0, main.maps[safe: axis]??.isReordering ?? false { found.append("reordered") }
      if gap == 0, main.from != main.to { found.append("cut at their inputs") }
    }
    if main == nil, let gap = shapeGap, gap != 0 { found.append(gap < 0 ? "narrower" : "wider") }
    if hunks.contains(where: { $0.kind == .folded && !$0.isDivision }) { found.append("folded") }
    if hunks.contains(where: \.isDivision) { found.append("divided") }
    if hunks.contains(where: \.isQuantizedWeight) {
      found.append("quantized")
    } else if hunks.contains(where: { $0.kind == .quantized }) {
      found.append("with quantized values")
    }
    if hunks.contains(where: { $0.kind == .attribute }) { found.append("with other attributes") }
    if found.isEmpty, hunks.allSatisfy(\.isAbsence) { found.append("not compared") }
    if found.isEmpty { found.append("with other weights") }
    return found
  }

  /// How many channels more a weight has whose elements are not known.
  private var shapeGap: Int? {
    for hunk in hunks {
      if case .shape(let from, let to) = hunk.change, from.count > 1, let x = from.first,
        let y = to.first
      {
        return y - x
      }
    }
    return nil
  }

  /// Signal over error of the weight, in dB; infinite where it did not change.
  package var sqnr: Double {
    main?.difference?.sqnr ?? hunks.compactMap { $0.change.difference?.sqnr }.min() ?? .infinity
  }

  /// In words: `channels 32 → 20 (12 removed: …), BatchNormalization folded in, INT8 per channel;
  /// weight SQNR 31 dB`.
  package var text: String {
    var parts: [String] = []
    if let main { parts += main.aspects }
    parts += hunks.filter { $0.kind == .folded }.map(\.detail)
    let numbers = hunks.compactMap { hunk -> Quantization? in
      if case .quantization(let found) = hunk.change { found } else { nil }
    }
    var seen: Set<String> = []
    for number in numbers where number.part != .bias && seen.insert(number.text).inserted {
      parts.append(number.text)
    }
    for hunk in hunks {
      switch hunk.change {
      case .weight, .quantization, .elements: continue
      default:
        if hunk.kind != .folded, !parts.contains(hunk.detail) { parts.append(hunk.detail) }
      }
    }
    var tail: [String] = []
    if let difference = main?.difference, difference.changed > 0 {
      tail.append("weight \(Self.figure(difference))")
    }
    for change in weights where change != main {
      if let difference = change.difference, difference.changed > 0 {
        tail.append("\(change.from.count == 1 ? "vector" : "weight") \(Self.figure(difference))")
      } else if change.from.count == 1, change.difference == nil {
        tail.append("vector \(change.from[0]) → \(change.to[0])")
      }
    }
    for hunk in hunks {
      if case .elements(let difference) = hunk.change {
        let names = hunk.a?.split(separator: "'") ?? []
        tail.append("'\(names.last ?? "weight")' \(Self.figure(difference))")
      }
    }
    return [parts.joined(separator: ", "), tail.joined(separator: ", ")].filter { !$0.isEmpty }
      .joined(separator: "; ")
  }

  private static func figure(_ difference: TensorDifference) -> String {
    difference.sqnr.isFinite ? "SQNR \(NumberText.decimal(difference.sqnr, 1)) dB" : difference.text
  }

  /// For programs; the differences themselves stand under `hunks`.
  var json: JSONValue {
    .object([
      "layer": .string(name), "counts_as": .strings(words),
      "kinds": .strings(
        DiffHunk.Kind.allCases.filter { kind in hunks.contains { $0.kind == kind } }.map(\.rawValue)
      ),
      "channels_from": .int(channels?.0), "channels_to": .int(channels?.1),
      "weight_sqnr_db": .number(main?.difference.map { $0.sqnr }), "text": .string(text),
    ])
  }

  private var channels: (Int, Int)? {
    guard let main, let axis = main.outputAxis, let from = main.from[safe: axis],
      let to = main.to[safe: axis]
    else { return nil }
    return (from, to)
  }
}

extension WeightChange {
  /// What became of channels, a few words each.
  var aspects: [String] {
    var parts: [String] = []
    if let outputMap {
      parts.append(outputMap.text)
    } else if let outputAxis, from[safe: outputAxis] != to[safe: outputAxis] {
      parts.append("channels \(from[safe: outputAxis] ?? 0) → \(to[safe: outputAxis] ?? 0)")
    }
    for (axis, map) in maps.enumerated() where axis != outputAxis {
      if let map, map.isReordering {
        parts.append(isSliceOnly ? "inputs reordered alike" : "inputs come in another order")
      } else if map.map({ !$0.isIdentity }) ?? true, axis < from.count, axis < to.count {
        parts.append(
          "inputs \(from[axis]) → \(to[axis])" + (map == nil ? ", which is not known" : ""))
      }
    }
    return parts
  }
}

extension DiffHunk {
  /// Whether a layer's weight is quantized in one model only.
  var isQuantizedWeight: Bool {
    if case .quantization(let found) = change { found.part == .weight } else { false }
  }

  /// Whether a constant's elements are not here in one model.
  var isAbsence: Bool { if case .absent = change { true } else { false } }

  /// Whether a layer is in two parts in one model only.
  var isDivision: Bool { if case .divided = change { true } else { false } }

  /// Whether the difference is part of what is said of its layer as a whole.
  var belongsToLayer: Bool {
    switch kind {
    case .channels, .weight, .quantized, .folded, .attribute, .shape, .elementType:
      layer != nil && path.isEmpty
    default: false
    }
  }
}

extension DiffReport {
  /// How many things a reader is told that count.
  package var shownCount: Int {
    let told = Set(layerSummaries.map(\.name))
    return told.count
      + failing.count { !($0.belongsToLayer && $0.layer.map(told.contains) ?? false) }
  }

  /// Layers at which several things were done, or one that is told of layers; those that lost most
  /// first.
  package var layerSummaries: [LayerSummary] {
    var order: [String] = []
    var found: [String: [DiffHunk]] = [:]
    for hunk in failing where hunk.belongsToLayer {
      guard let layer = hunk.layer else { continue }
      if found[layer] == nil { order.append(layer) }
      found[layer, default: []].append(hunk)
    }
    let summaries = order.map { LayerSummary(name: $0, found[$0] ?? []) }.filter { summary in
      summary.hunks.count > 1
        || summary.hunks.contains { [.channels, .quantized, .folded].contains($0.kind) }
    }
    return summaries.enumerated().sorted {
      ($0.element.sqnr, $0.offset) < ($1.element.sqnr, $1.offset)
    }.map(\.element)
  }
}
