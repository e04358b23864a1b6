internal import IR
internal import Operators
internal import Rewriting

/// Two additions, or two multiplications, of constants are one:
/// `(x + a) + b = x + (a + b)`, `(x·a)·b = x·(a·b)`; subtraction and division alike.
///
/// Guards: `JoinedConstants`.
struct MergeConstants: FusionRule {
  static let name = "merge-constants"
  static let summary = "additions or multiplications of constants in a row become one"
  static let roots = ["Add", "Sub", "Mul", "Div"]

  func apply(at id: NodeID, in net: inout Rewriter) throws(ModelError) -> FusionOutcome {
    guard let (slot, b, middle) = net.constantOperand(id), net.isFloat(middle),
      let kind = net.kind(id), slot == 1 || kind == "Add" || kind == "Mul"
    else { return .noMatch }
    let isSum = kind == "Add" || kind == "Sub"
    guard
      let producer = isSum
        ? net.producer(of: middle, "Add", "Sub") : net.producer(of: middle, "Mul", "Div"),
      let (inner, a, source) = net.constantOperand(producer), let first = net.kind(producer),
      inner == 1 || first == "Add" || first == "Mul"
    else { return .noMatch }
    if let obstacle = net.obstacle(over: middle) { return .declined(obstacle) }
    let shape = a.spread(to: b.dimensions) == nil ? a.dimensions : b.dimensions
    guard var sum = a.spread(to: shape), var other = b.spread(to: shape) else {
      return .declined("the constant of both would be larger than each")
    }
    if first == "Sub" { sum = sum.map { -$0 } }
    if first == "Div" { sum = sum.map { 1 / $0 } }
    if kind == "Sub" { other = other.map { -$0 } }
    if kind == "Div" { other = other.map { 1 / $0 } }
    let lost =
      isSum
      ? JoinedConstants.obstacle(toAdding: sum, other, as: a.elementType)
      : JoinedConstants.obstacle(toMultiplying: sum, other, as: a.elementType)
    if let lost { return .declined(lost) }
    let merged = zip(sum, other).map { isSum ? $0 + $1 : $0 * $1 }
    let absorbed = net.graph.label(producer)
    let stem = net.graph[net.input(id, slot)!].name
    var patch = net.patch(before: id)
    let constant = patch.constant(Tensor(a.elementType, shape, merged), stem: stem)
    if let refusal = net.join(patch, as: id, isSum ? "Add" : "Mul", [net.term(source), constant]) {
      return .declined(refusal)
    }
    return .applied("took in \(absorbed)", survivor: id, absorbed: [absorbed])
  }
}

extension Tensor {
  /// The elements, broadcast to a shape; nil when they do not broadcast to it.
  fileprivate func spread(to shape: [Int]) -> [Double]? {
    guard let values = doubles, dimensions.count <= shape.count else { return nil }
    let count = shape.reduce(1, *)
    let padded = [Int](repeating: 1, count: shape.count - dimensions.count) + dimensions
    guard zip(padded, shape).allSatisfy({ $0 == $1 || $0 == 1 }) else { return nil }
    guard values.count != count else { return values }
    var steps = [Int](repeating: 0, count: shape.count)
    var step = 1
    for axis in shape.indices.reversed() {
      steps[axis] = padded[axis] == 1 ? 0 : step
      step *= padded[axis]
    }
    return (0..<count).map { index in
      var rest = index, place = 0
      for axis in shape.indices.reversed() {
        place += rest % shape[axis] * steps[axis]
        rest /= shape[axis]
      }
      return values[place]
    }
  }
}
