package import IR
internal import Kernels
internal import Operators

extension PatternGraph {
  /// Finds a pattern that ends in `root`. Nobody has been asked yet who else sees what lies within.
  package mutating func search(_ pattern: Pattern, at root: NodeID) -> Match? {
    var found = match(pattern, node: root, Match()) { _, match in match }
    guard var match = found, Set(match.nodes).count < match.nodes.count else { return found }
    var seen: Set<NodeID> = []
    match.nodes = match.nodes.filter { seen.insert($0).inserted }
    found = match
    return found
  }

  private typealias Continuation = (inout Self, Match) -> Match?

  private mutating func match(
    _ pattern: Pattern, value: ValueID, _ match: Match, _ then: Continuation
  ) -> Match? {
    var match = match
    switch pattern {
    case .value(let name):
      if let bound = match.values[name] { return bound == value ? then(&self, match) : nil }
      match.values[name] = value
      return then(&self, match)
    case .number(let wanted):
      guard let found = number(value), abs(found - wanted) <= 1e-6 * abs(wanted) else { return nil }
      match.scalars.append(value)
      return then(&self, match)
    case .scalar(let name):
      guard let found = number(value) else { return nil }
      match.scalars.append(value)
      match.values[name] = value
      match.numbers[name] = found
      return then(&self, match)
    case .constant(let name):
      guard isConstant(value) else { return nil }
      match.values[name] = value
      return then(&self, match)
    case .either(let patterns):
      for pattern in patterns {
        if let found = self.match(pattern, value: value, match, then) { return found }
      }
      return nil
    case .with(let pattern, let name, let further):
      return self.match(pattern, value: value, match) { graph, match in
        match.values[name].flatMap { graph.match(further, value: $0, match, then) }
      }
    case .node, .clamp, .function:
      guard let producer = soleMaker(of: value) else { return nil }
      return self.match(pattern, node: producer, match, then)
    }
  }

  private mutating func match(
    _ pattern: Pattern, node id: NodeID, _ match: Match, _ then: Continuation
  ) -> Match? {
    var match = match
    switch pattern {
    case .node(let kinds, let patterns, let name):
      guard let kind = kind(id), kinds.contains(kind) else { return nil }
      let inputs = operands(id), given = inputs.compactMap { $0 }
      guard given.count >= patterns.count, given.count == inputs.count else { return nil }
      match.nodes.append(id)
      if let name {
        match.named[name] = id
        match.operators[name] = op(id)
      }
      if let found = self.match(patterns[...], given[...], match, then) { return found }
      guard patterns.count == 2, given.count == 2, let op = op(id),
        type(of: op).traits.isCommutative
      else { return nil }
      return self.match(patterns[...], given.reversed()[...], match, then)
    case .function(let function, let operand):
      guard kind(id) != nil, let op = op(id) as? any UnaryElementwise,
        op.function.isClose(to: function), let input = operands(id).first ?? nil
      else { return nil }
      match.nodes.append(id)
      return self.match(operand, value: input, match, then)
    case .clamp(let low, let high, let operand):
      guard let clamp = clamp(id), clamp.low == low, abs(clamp.high - high) <= 1e-6 * abs(high)
      else { return nil }
      match.nodes.append(id)
      match.scalars += clamp.bounds
      return self.match(operand, value: clamp.source, match, then)
    case .either(let patterns):
      for pattern in patterns {
        if let found = self.match(pattern, node: id, match, then) { return found }
      }
      return nil
    case .with(let pattern, let name, let further):
      return self.match(pattern, node: id, match) { graph, match in
        match.values[name].flatMap { graph.match(further, value: $0, match, then) }
      }
    case .value, .number, .scalar, .constant: return nil
    }
  }

  private mutating func match(
    _ patterns: ArraySlice<Pattern>, _ values: ArraySlice<ValueID>, _ match: Match,
    _ then: Continuation
  ) -> Match? {
    guard let pattern = patterns.first, let value = values.first else { return then(&self, match) }
    return self.match(pattern, value: value, match) { graph, match in
      graph.match(patterns.dropFirst(), values.dropFirst(), match, then)
    }
  }
}

extension Rewriter {
  /// Finds a pattern that ends in `root`. Nobody has been asked yet who else sees what lies within.
  package mutating func match(_ pattern: Pattern, at root: NodeID) -> Match? {
    search(pattern, at: root)
  }
}

extension UnaryFunction {
  /// Whether both are the same function to six digits of their parameters.
  fileprivate func isClose(to other: UnaryFunction) -> Bool {
    guard case .hardSigmoid(let a, let b) = self, case .hardSigmoid(let c, let d) = other else {
      return self == other
    }
    return Swift.abs(a - c) < 1e-6 && Swift.abs(b - d) < 1e-6
  }
}
