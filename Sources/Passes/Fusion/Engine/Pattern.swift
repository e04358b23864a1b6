internal import IR
internal import Operators

/// A shape of computation to find, from its last node upwards.
indirect enum Pattern: Sendable {
  /// Any value, bound to a name; the same name stands for the same value throughout.
  case value(String)
  /// A constant of one element near this number.
  case number(Double)
  /// A constant of one element, bound to a name.
  case scalar(String)
  /// A node of one of these operators, whose node can be asked for by `name`. Commutative operators
  /// match in both orders.
  case node([String], [Pattern], name: String?)
  /// Clip, Relu, Min or Max that keeps the value within these bounds.
  case clamp(Double, Double, Pattern)
  /// The first of these that matches.
  case either([Pattern])

  /// A node of one operator.
  static func op(_ kind: String, _ operands: Pattern..., name: String? = nil) -> Pattern {
    .node([kind], operands, name: name)
  }

  /// `value / number`, also spelled as a multiplication.
  static func quotient(_ value: Pattern, _ number: Double) -> Pattern {
    .either([
      .op("Div", value, .number(number)), .op("Mul", value, .number(1 / number)),
    ])
  }

  /// `value²`, as a power or a product.
  static func square(_ name: String) -> Pattern {
    .either([
      .op("Pow", .value(name), .number(2)), .op("Mul", .value(name), .value(name)),
    ])
  }
}

/// Where a pattern was found.
struct Match {
  /// Values by name.
  var values: [String: ValueID] = [:]
  /// Nodes by name.
  var named: [String: NodeID] = [:]
  /// All nodes of the pattern, the last one of the computation first.
  var nodes: [NodeID] = []
  /// The constants of one element that it has used.
  var scalars: [ValueID] = []

  /// The value bound to a name of the pattern.
  subscript(name: String) -> ValueID { values[name]! }
}

extension Rewriter {
  /// Finds a pattern that ends in `root`.
  mutating func match(_ pattern: Pattern, at root: NodeID) -> Match? {
    match(pattern, node: root, Match()) { _, match in match }
  }

  /// Why the nodes of a match cannot become one: a value between them is seen from elsewhere, or a
  /// constant would give the result more axes.
  func obstacle(_ match: Match, rank wanted: Int?) -> String? {
    let nodes = Set(match.nodes)
    for id in match.nodes.dropFirst() {
      for value in graph[id].outputs.compactMap({ $0 }) {
        if let obstacle = obstacle(over: value, readers: nodes) { return obstacle }
      }
    }
    for scalar in match.scalars {
      let axes = rank(scalar) ?? 0
      guard axes > 0 else { continue }
      guard let wanted else { return "the rank of its input is not known" }
      if axes > wanted { return "'\(graph[scalar].name)' has more axes than its input" }
    }
    return nil
  }

  private typealias Continuation = (inout Rewriter, Match) -> Match?

  private mutating func match(
    _ pattern: Pattern, value: ValueID, _ match: Match, _ then: Continuation
  ) -> Match? {
    switch pattern {
    case .value(let name):
      if let bound = match.values[name] { return bound == value ? then(&self, match) : nil }
      var match = match
      match.values[name] = value
      return then(&self, match)
    case .number(let wanted):
      guard let found = number(value), abs(found - wanted) <= 1e-6 * abs(wanted) else { return nil }
      var match = match
      match.scalars.append(value)
      return then(&self, match)
    case .scalar(let name):
      guard number(value) != nil else { return nil }
      var match = match
      match.scalars.append(value)
      match.values[name] = value
      return then(&self, match)
    case .either(let patterns):
      for pattern in patterns {
        if let found = self.match(pattern, value: value, match, then) { return found }
      }
      return nil
    case .node, .clamp:
      guard let producer = graph[value].producer, graph[producer].outputs.count == 1 else {
        return nil
      }
      return self.match(pattern, node: producer, match, then)
    }
  }

  private mutating func match(
    _ pattern: Pattern, node id: NodeID, _ match: Match, _ then: Continuation
  ) -> Match? {
    var match = match
    match.nodes.append(id)
    switch pattern {
    case .node(let kinds, let operands, let name):
      guard let kind = kind(id), kinds.contains(kind) else { return nil }
      let inputs = graph[id].inputs.compactMap { $0 }
      guard inputs.count >= operands.count, inputs.count == graph[id].inputs.count else {
        return nil
      }
      if let name { match.named[name] = id }
      if let found = self.match(operands[...], inputs[...], match, then) { return found }
      guard operands.count == 2, inputs.count == 2, let op = op(id),
        Swift.type(of: op).traits.isCommutative
      else { return nil }
      return self.match(operands[...], inputs.reversed()[...], match, then)
    case .clamp(let low, let high, let operand):
      guard let clamp = clamp(id), clamp.low == low, abs(clamp.high - high) <= 1e-6 * abs(high)
      else { return nil }
      match.scalars += clamp.bounds
      return self.match(operand, value: clamp.source, match, then)
    case .either(let patterns):
      match.nodes.removeLast()
      for pattern in patterns {
        if let found = self.match(pattern, node: id, match, then) { return found }
      }
      return nil
    case .value, .number, .scalar: return nil
    }
  }

  private mutating func match(
    _ patterns: ArraySlice<Pattern>, _ values: ArraySlice<ValueID>, _ match: Match,
    _ then: Continuation
  ) -> Match? {
    guard let pattern = patterns.first, let value = values.first else { return then(&self, match) }
    return self.match(pattern, value: value, match) { net, match in
      net.match(patterns.dropFirst(), values.dropFirst(), match, then)
    }
  }
}
