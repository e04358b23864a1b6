internal import IR

/// HardSigmoid spelled out: `min(max(x + b, 0), h) / h = min(max(x/h + b/h, 0), 1)`, and
/// `min(max(αx + β, 0), 1)` as it stands.
struct FuseHardSigmoid: FusionRule {
  static let name = "fuse-hard-sigmoid"
  static let summary = "HardSigmoid spelled as Add, Clip and Div becomes one operator"
  static let roots = ["Div", "Mul", "Clip", "Min"]

  private static let shifted = Pattern.op("Add", .value("x"), .scalar("shift"))
  private static let divided = Pattern.quotient(.clamp(0, 6, shifted), 6)
  private static let scaled = Pattern.clamp(
    0, 1, .op("Add", .op("Mul", .value("x"), .scalar("slope")), .scalar("shift")))

  func apply(at id: NodeID, in net: inout Rewriter) throws(ModelError) -> FusionOutcome {
    let match: Match, slope: Double, shift: Double
    if let found = net.match(Self.divided, at: id) {
      (match, slope, shift) = (found, 1.0 / 6, net.number(found["shift"])! / 6)
    } else if let found = net.match(Self.scaled, at: id) {
      (match, slope, shift) = (found, net.number(found["slope"])!, net.number(found["shift"])!)
    } else {
      return .noMatch
    }
    let x = match["x"]
    guard net.isFloat(x) else { return .declined("its element type is \(net.elementType(x))") }
    if let obstacle = net.obstacle(match, rank: net.rank(x)) { return .declined(obstacle) }
    let absorbed = match.nodes.dropFirst().map { net.graph.label($0) }
    net.become(
      id, "HardSigmoid", inputs: [x],
      attributes: [
        Attribute("alpha", .float(Float(slope))), Attribute("beta", .float(Float(shift))),
      ])
    return .applied(
      "HardSigmoid took in \(absorbed.joined(separator: ", "))", survivor: id, absorbed: absorbed)
  }
}

/// HardSwish spelled out: `x · HardSigmoid(x; 1/6, 1/2)`, or `x · min(max(x + 3, 0), 6) / 6`.
struct FuseHardSwish: FusionRule {
  static let name = "fuse-hard-swish"
  static let summary = "HardSwish spelled as a product becomes one operator, from opset 14 on"
  static let roots = ["Mul", "Div"]

  private static let gate = Pattern.clamp(0, 6, .op("Add", .value("x"), .number(3)))
  private static let product = Pattern.either([
    .op("Mul", .value("x"), .op("HardSigmoid", .value("x"), name: "gate")),
    .op("Mul", .value("x"), .quotient(gate, 6)),
    .quotient(.op("Mul", .value("x"), gate), 6),
    .op("Mul", .quotient(.value("x"), 6), gate),
  ])

  func apply(at id: NodeID, in net: inout Rewriter) throws(ModelError) -> FusionOutcome {
    guard let match = net.match(Self.product, at: id) else { return .noMatch }
    if let gate = match.named["gate"] {
      let alpha = net.float(gate, "alpha", 0.2), beta = net.float(gate, "beta", 0.5)
      guard abs(alpha - 1 / 6) < 1e-6, beta == 0.5 else { return .noMatch }
    }
    let x = match["x"]
    guard net.isFloat(x) else { return .declined("its element type is \(net.elementType(x))") }
    if let obstacle = net.obstacle(match, rank: net.rank(x)) { return .declined(obstacle) }
    let absorbed = match.nodes.dropFirst().map { net.graph.label($0) }
    guard net.opset >= 14 else {
      // Without the operator the gate alone can become one.
      guard match.nodes.count > 3 else {
        return .declined("HardSwish needs opset 14, the model has \(net.opset)")
      }
      let gate = net.insert(
        "HardSigmoid", before: id, stem: "\(net.graph[x].name)_gate", inputs: [x],
        attributes: [Attribute("alpha", .float(1 / 6)), Attribute("beta", .float(0.5))],
        type: net.type(x))
      net.become(id, "Mul", inputs: [x, gate], attributes: [])
      return .applied("became Mul and HardSigmoid", survivor: id, absorbed: absorbed)
    }
    net.become(id, "HardSwish", inputs: [x], attributes: [])
    return .applied(
      "HardSwish took in \(absorbed.joined(separator: ", "))", survivor: id, absorbed: absorbed)
  }
}
