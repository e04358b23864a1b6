package import IR
internal import Operators

/// A node that keeps its input between two bounds: Clip, Relu, or Min and Max with a constant.
package struct Clamp {
  /// What is kept between the bounds.
  package let source: ValueID
  /// The lower bound, minus infinity for none.
  package let low: Double
  /// The upper bound, infinity for none.
  package let high: Double
  /// The constants of one element that hold the bounds.
  package let bounds: [ValueID]
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
        let largest = Float.greatestFiniteMagnitude
        return Clamp(
          source: source,
          low: fixed.lowerBound == -largest ? -.infinity : Double(fixed.lowerBound),
          high: fixed.upperBound == largest ? .infinity : Double(fixed.upperBound), bounds: [])
      }
      let low = inputs[safe: 1] ?? nil, high = inputs[safe: 2] ?? nil
      guard low == nil || number(low) != nil, high == nil || number(high) != nil else { return nil }
      return Clamp(
        source: source, low: number(low) ?? -.infinity, high: number(high) ?? .infinity, bounds: [])
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
  /// Turns a node into one that keeps `source` between two bounds.
  package mutating func becomeClamp(_ id: NodeID, _ source: ValueID, low: Double, high: Double) {
    if low == 0, high == .infinity {
      become(id, "Relu", inputs: [source], attributes: [])
      return
    }
    if opset < 11 {
      var attributes: [Attribute] = []
      if low > -.infinity { attributes.append(Attribute("min", .float(Float(low)))) }
      if high < .infinity { attributes.append(Attribute("max", .float(Float(high)))) }
      become(id, "Clip", inputs: [source], attributes: attributes)
      return
    }
    let stem = output(id).map { graph[$0].name } ?? graph.label(id)
    let type = elementType(source)
    var inputs: [ValueID?] = [source]
    inputs.append(low > -.infinity ? newConstant("\(stem)_min", .filled(type, [], low)) : nil)
    if high < .infinity { inputs.append(newConstant("\(stem)_max", .filled(type, [], high))) }
    if inputs.last == .some(nil) { inputs.removeLast() }
    become(id, "Clip", inputs: inputs, attributes: [])
  }
}
