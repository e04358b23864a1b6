internal import IR
internal import Operators
internal import Rewriting

/// `x + 0`, `x − 0`, `x·1`, `x/1`, `x¹`, `x ∧ true`, `x ∨ false` and a Where whose choice is settled
/// are what they start from.
struct ArithmeticIdentities: FusionRule {
  static let name = "arithmetic-identities"
  static let summary = "adding 0, multiplying by 1, a settled Where and their kin go"
  static let roots = [
    "Add", "Sub", "Mul", "Div", "Pow", "And", "Or", "Where", "Sum", "Max", "Min", "Mean",
  ]

  func apply(at id: NodeID, in net: inout Rewriter) throws(ModelError) -> FusionOutcome {
    guard let result = net.output(id), let kind = net.kind(id) else { return .noMatch }
    let source: ValueID
    switch kind {
    case "Where":
      guard let condition = net.input(id, 0), let a = net.input(id, 1), let b = net.input(id, 2)
      else { return .noMatch }
      if a == b {
        source = a
      } else {
        guard let values = net.integers(condition), let first = values.first,
          values.allSatisfy({ ($0 != 0) == (first != 0) })
        else { return .noMatch }
        source = first != 0 ? a : b
      }
    case "Sum", "Max", "Min", "Mean":
      guard net.graph[id].inputs.count == 1, let only = net.input(id, 0) else { return .noMatch }
      source = only
    default:
      guard let (slot, tensor, other) = net.constantOperand(id), tensor.count > 0,
        slot == 1 || ["Add", "Mul", "And", "Or"].contains(kind), let values = tensor.doubles
      else { return .noMatch }
      let neutral: Double = ["Add", "Sub", "Or"].contains(kind) ? 0 : 1
      guard values.allSatisfy({ $0 == neutral }) else { return .noMatch }
      source = other
    }
    guard let from = net.shape(source), let to = net.shape(result), from == to,
      !from.dimensions.contains(.unknown)
    else { return .declined("it may broadcast its operand") }
    guard net.elementType(source) == net.elementType(result) else { return .noMatch }
    if let obstacle = net.bypass(id, with: source) { return .declined(obstacle) }
    return .applied("its output equals its input")
  }
}

/// `−(−x)` and `¬¬x` are x.
struct CancelInverses: FusionRule {
  static let name = "cancel-inverses"
  static let summary = "Neg after Neg and Not after Not go"
  static let roots = ["Neg", "Not"]

  func apply(at id: NodeID, in net: inout Rewriter) throws(ModelError) -> FusionOutcome {
    guard let kind = net.kind(id), let first = net.producer(of: net.input(id, 0), kind),
      let source = net.input(first, 0)
    else { return .noMatch }
    let label = net.graph.label(first)
    if let obstacle = net.bypass(id, with: source) { return .declined(obstacle) }
    return .applied("it undoes \(label)")
  }
}

/// `a · (1/b) = a / b`.
struct ReciprocalToDiv: FusionRule {
  static let name = "reciprocal-to-div"
  static let summary = "a product with a Reciprocal becomes a Div"
  static let roots = ["Mul"]

  func apply(at id: NodeID, in net: inout Rewriter) throws(ModelError) -> FusionOutcome {
    for slot in 0...1 {
      guard let value = net.input(id, slot), let other = net.input(id, 1 - slot), value != other,
        let inverse = net.producer(of: value, "Reciprocal"), let divisor = net.input(inverse, 0)
      else { continue }
      if let obstacle = net.obstacle(over: value) { return .declined(obstacle) }
      let absorbed = net.graph.label(inverse)
      if let refusal = net.become(id, "Div", inputs: [other, divisor]) {
        return .declined(refusal)
      }
      return .applied("took in \(absorbed)", survivor: id, absorbed: [absorbed])
    }
    return .noMatch
  }
}

/// An Expand in front of an operator that broadcasts by itself does nothing where the other operand
/// has the lengths already.
struct DropExpand: FusionRule {
  static let name = "drop-expand"
  static let summary = "an Expand goes where the operator after it broadcasts to the same shape"
  static let roots = [
    "Add", "Sub", "Mul", "Div", "Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual", "And",
    "Or", "Where", "Pow",
  ]

  func apply(at id: NodeID, in net: inout Rewriter) throws(ModelError) -> FusionOutcome {
    guard let result = net.output(id), let wanted = net.shape(result),
      !wanted.dimensions.contains(.unknown)
    else { return .noMatch }
    for (slot, value) in net.graph[id].inputs.enumerated() {
      guard let value, let expand = net.producer(of: value, "Expand"),
        let source = net.input(expand, 0)
      else { continue }
      var shapes: [Shape] = []
      for (place, other) in net.graph[id].inputs.enumerated() {
        guard let shape = net.shape(place == slot ? source : other) else { break }
        shapes.append(shape)
      }
      guard shapes.count == net.graph[id].inputs.count, wanted.isBroadcast(of: shapes) else {
        continue
      }
      let label = net.graph.label(expand)
      net.setInput(id, slot: slot, to: source)
      return .applied("broadcasts without \(label)")
    }
    return .noMatch
  }
}

extension Shape {
  /// Whether the shapes broadcast to this one for certain.
  fileprivate func isBroadcast(of shapes: [Shape]) -> Bool {
    guard shapes.map(\.rank).max() == rank else { return false }
    for axis in 0..<rank {
      let lengths = shapes.compactMap { shape in
        let place = axis - (rank - shape.rank)
        return place >= 0 ? shape[place] : nil
      }
      guard lengths.allSatisfy({ $0 == .known(1) || $0 == self[axis] }),
        lengths.contains(self[axis])
      else { return false }
    }
    return true
  }
}
