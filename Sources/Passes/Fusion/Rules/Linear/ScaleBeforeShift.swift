internal import IR
internal import Rewriting

/// `(W x + c)·k = (W x)·k + c·k`: behind a product that takes no bias the scale comes first, so that
/// it can go into the weight.
struct ScaleBeforeShift: FusionRule {
  static let name = "scale-before-shift"
  static let summary = "a scale moves in front of a shift that the layer before cannot take"
  static let roots = ["Mul", "Div"]

  func apply(at id: NodeID, in net: inout Rewriter) throws(ModelError) -> FusionOutcome {
    guard let (slot, k, middle) = net.constantOperand(id), let kind = net.kind(id),
      slot == 1 || kind == "Mul", let shift = net.producer(of: middle, "Add", "Sub"),
      let (place, c, product) = net.constantOperand(shift), let first = net.kind(shift),
      place == 1 || first == "Add", let layer = net.producer(of: product, "MatMul"),
      net.linearLayer(layer) != nil, net.isFloat(product), let factors = k.doubles,
      let shifts = c.doubles
    else { return .noMatch }
    let count = max(factors.count, shifts.count)
    guard [1, count].contains(factors.count), [1, count].contains(shifts.count),
      factors.count == 1 || k.dimensions.last == factors.count,
      shifts.count == 1 || c.dimensions.last == shifts.count,
      max(k.dimensions.count, c.dimensions.count) <= net.rank(product) ?? 0
    else { return .noMatch }
    if let obstacle = net.obstacle(over: middle) ?? net.obstacle(over: product) {
      return .declined(obstacle)
    }
    let scaled = (0..<count).map { index -> Double in
      let shift = shifts.count == 1 ? shifts[0] : shifts[index]
      let factor = factors.count == 1 ? factors[0] : factors[index]
      return (first == "Sub" ? -shift : shift) * (kind == "Div" ? 1 / factor : factor)
    }
    guard scaled.allSatisfy({ Float($0).isFinite || c.elementType == .double }) else {
      return .declined("a constant is not finite")
    }
    let absorbed = net.graph.label(shift)
    let stem = net.graph[net.input(shift, place)!].name
    let factor = net.input(id, slot)!
    var patch = net.patch(before: id)
    let inner = patch.add(
      kind, [net.term(product), net.term(factor)], stem: "\(net.graph[product].name)_scaled",
      expecting: net.type(product))
    let constant = patch.constant(
      Tensor(c.elementType, count == 1 ? [] : [count], scaled), stem: "\(stem)_scaled")
    if let refusal = net.join(patch, as: id, "Add", [inner, constant]) {
      return .declined(refusal)
    }
    return .applied("moved in front of \(absorbed)", survivor: id, absorbed: [absorbed])
  }
}
