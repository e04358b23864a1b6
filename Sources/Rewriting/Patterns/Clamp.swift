package import IR
internal import Operators

/// A node that keeps its input between two bounds: Clip, Relu, or Min and Max with a constant.
package struct Clamp {
  /// What is kept between the bounds.
  package let source: ValueID
  /// The lower bound, minus infinity for none. A bound that a Clip leaves out is the largest float of
  /// its sign, since infinities become that.
  package let low: Double
  /// The upper bound, infinity for none.
  package let high: Double
  /// The constants of one element that hold the bounds.
  package let bounds: [ValueID]

  /// What a Clip has where it leaves a bound out.
  fileprivate static let largest = Double(Float.greatestFiniteMagnitude)

  /// Whether numbers may be as small as they like.
  package var isOpenBelow: Bool { low <= -Self.largest }
  /// Whether numbers may be as large as they like.
  package var isOpenAbove: Bool { high >= Self.largest }
}

extension PatternGraph {
  /// The bounds of a node that limits floating-point values; nil for other nodes and for bounds that
  /// are not constant.
  package mutating func clamp(_ id: NodeID) -> Clamp? {
    let inputs = operands(id)
    guard let kind = kind(id), ["Clip", "Relu", "Min", "Max"].contains(kind),
      let source = inputs.first ?? nil, let result = results(id).first, mayHoldFloats(result)
    else { return nil }
    switch kind {
    case "Relu": return Clamp(source: source, low: 0, high: .infinity, bounds: [])
    case "Clip":
      if case .clamp(let fixed?)? = op(id)?.computation {
        return Clamp(
          source: source, low: Double(fixed.lowerBound), high: Double(fixed.upperBound), bounds: [])
      }
      let low = inputs[safe: 1] ?? nil, high = inputs[safe: 2] ?? nil
      guard low == nil || number(low) != nil, high == nil || number(high) != nil else { return nil }
      return Clamp(
        source: source, low: number(low) ?? -Clamp.largest, high: number(high) ?? Clamp.largest,
        bounds: [])
    default:
      guard inputs.count == 2, let a = inputs[0], let b = inputs[1] else { return nil }
      let (constant, other) = isConstant(b) ? (b, a) : (a, b)
      guard isConstant(constant), let bound = number(constant),
        (rank(constant) ?? 0) <= (rank(other) ?? 0)
      else { return nil }
      return kind == "Max"
        ? Clamp(source: other, low: bound, high: .infinity, bounds: [constant])
        : Clamp(source: other, low: -.infinity, high: bound, bounds: [constant])
    }
  }
}

extension Rewriter {
  /// Turns a node into one that keeps `source` between two bounds, or says why that cannot be.
  ///
  /// A bound that is infinite leaves infinities; that of a Clip that has none there would not.
  package mutating func becomeClamp(_ id: NodeID, _ source: ValueID, low: Double, high: Double)
    -> String?
  {
    if low == 0, high == .infinity {
      return become(id, "Relu", inputs: [source])
    }
    let stem = output(id).map { graph[$0].name } ?? graph.label(id)
    let type = elementType(source)
    // Before opset 8 a number met only tensors of its own shape.
    if opset >= 8, low == -.infinity || high == .infinity {
      let (kind, suffix, bound) = high == .infinity ? ("Max", "min", low) : ("Min", "max", high)
      let constant = newConstant("\(stem)_\(suffix)", .filled(type, [], bound))
      return become(id, kind, inputs: [source, constant])
    }
    let hasLow = low > -Clamp.largest, hasHigh = high < Clamp.largest
    if opset < 11 {
      var attributes: [Attribute] = []
      if hasLow { attributes.append(Attribute("min", .float(Float(low)))) }
      if hasHigh { attributes.append(Attribute("max", .float(Float(high)))) }
      return become(id, "Clip", inputs: [source], attributes: attributes)
    }
    var inputs: [ValueID?] = [source]
    inputs.append(hasLow ? newConstant("\(stem)_min", .filled(type, [], low)) : nil)
    if hasHigh { inputs.append(newConstant("\(stem)_max", .filled(type, [], high))) }
    if inputs.last == .some(nil) { inputs.removeLast() }
    return become(id, "Clip", inputs: inputs)
  }
}
