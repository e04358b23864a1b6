internal import IR
internal import Operators

/// A node that keeps its input between two bounds: Clip, Relu, or Min and Max with a constant.
struct Clamp {
  /// What is kept between the bounds.
  let source: ValueID
  let low: Double
  let high: Double
  /// The constants of one element that hold the bounds.
  let bounds: [ValueID]
}

extension Rewriter {
  /// The bounds of a node that limits floating-point values; nil for other nodes and for bounds that
  /// are not constant.
  mutating func clamp(_ id: NodeID) -> Clamp? {
    guard let kind = kind(id), ["Clip", "Relu", "Min", "Max"].contains(kind),
      let source = input(id, 0), let result = output(id), isFloat(result)
    else { return nil }
    switch kind {
    case "Relu": return Clamp(source: source, low: 0, high: .infinity, bounds: [])
    case "Clip":
      if let fixed = (op(id) as? Clip)?.fixed {
        let largest = Float.greatestFiniteMagnitude
        return Clamp(
          source: source,
          low: fixed.lowerBound == -largest ? -.infinity : Double(fixed.lowerBound),
          high: fixed.upperBound == largest ? .infinity : Double(fixed.upperBound), bounds: [])
      }
      let low = input(id, 1), high = input(id, 2)
      guard low == nil || number(low) != nil, high == nil || number(high) != nil else { return nil }
      return Clamp(
        source: source, low: number(low) ?? -.infinity, high: number(high) ?? .infinity, bounds: [])
    default:
      guard let (slot, _, other) = constantOperand(id), let bound = number(input(id, slot)),
        let constant = input(id, slot), (rank(constant) ?? 0) <= (rank(other) ?? 0)
      else { return nil }
      return kind == "Max"
        ? Clamp(source: other, low: bound, high: .infinity, bounds: [constant])
        : Clamp(source: other, low: -.infinity, high: bound, bounds: [constant])
    }
  }

  /// Turns a node into one that keeps `source` between two bounds.
  mutating func becomeClamp(_ id: NodeID, _ source: ValueID, low: Double, high: Double) {
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
    let stem = graph[output(id)!].name
    let type = elementType(source)
    var inputs: [ValueID?] = [source]
    inputs.append(low > -.infinity ? newConstant("\(stem)_min", .filled(type, [], low)) : nil)
    if high < .infinity { inputs.append(newConstant("\(stem)_max", .filled(type, [], high))) }
    if inputs.last! == nil { inputs.removeLast() }
    become(id, "Clip", inputs: inputs, attributes: [])
  }
}

extension Tensor {
  /// A float or double tensor of one number throughout.
  static func filled(_ type: ElementType, _ dimensions: [Int], _ value: Double) -> Tensor {
    Tensor(
      type, dimensions, [Double](repeating: value, count: dimensions.reduce(1, *)))
  }

  /// A float or double tensor of the given elements, which are rounded to the type.
  init(_ type: ElementType, _ dimensions: [Int], _ values: [Double]) {
    self.init(
      type, dimensions,
      type == .double ? Storage(values) : Storage(values.map { Float($0) }))
  }
}
