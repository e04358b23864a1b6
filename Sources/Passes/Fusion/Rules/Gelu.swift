internal import IR

/// Gelu spelled out: `x·(1 + erf(x/√2))/2`, and with `tanh(√(2/π)·(x + 0.044715·x³))` for erf.
struct FuseGelu: FusionRule {
  static let name = "fuse-gelu"
  static let summary = "Gelu spelled with Erf or Tanh becomes one operator, from opset 20 on"
  static let roots = ["Mul", "Div"]

  private static let x = Pattern.value("x")
  private static let root = 0.797_884_560_802_865_4

  /// `x·y/2` with `y = 1 + gate`, whatever the order of the product.
  private static func half(_ gate: Pattern) -> Pattern {
    let sum = Pattern.op("Add", gate, .number(1))
    return .either([
      .quotient(.op("Mul", x, sum), 2), .op("Mul", .quotient(x, 2), sum),
      .op("Mul", x, .quotient(sum, 2)),
    ])
  }

  static let exact = half(.op("Erf", .quotient(x, 1.414_213_562_373_095)))
  private static let approximate: Pattern = {
    let cube = Pattern.either([
      .op("Pow", x, .number(3)), .op("Mul", x, .square("x")),
    ])
    let sum = Pattern.op("Add", x, .op("Mul", cube, .number(0.044715)))
    let factored = Pattern.op(
      "Add", .op("Mul", .square("x"), .number(0.044715)), .number(1))
    return half(
      .op(
        "Tanh",
        .either([
          .op("Mul", sum, .number(root)), .op("Mul", .op("Mul", x, .number(root)), factored),
          .op("Mul", x, .op("Mul", factored, .number(root))),
          .op("Mul", .op("Mul", x, factored), .number(root)),
        ])))
  }()

  func apply(at id: NodeID, in net: inout Rewriter) throws(ModelError) -> FusionOutcome {
    var attributes: [Attribute] = []
    var match = net.match(Self.exact, at: id)
    if match == nil {
      match = net.match(Self.approximate, at: id)
      attributes = [Attribute("approximate", .string(Array("tanh".utf8)))]
    }
    guard let match else { return .noMatch }
    let x = match["x"]
    guard net.isFloat(x) else { return .declined("its element type is \(net.elementType(x))") }
    guard net.opset >= 20 else {
      return .declined("Gelu needs opset 20, the model has \(net.opset)")
    }
    if let obstacle = net.obstacle(match, rank: net.rank(x)) { return .declined(obstacle) }
    let absorbed = match.nodes.dropFirst().map { net.graph.label($0) }
    net.become(id, "Gelu", inputs: [x], attributes: attributes)
    return .applied(
      "Gelu took in \(absorbed.joined(separator: ", "))", survivor: id, absorbed: absorbed)
  }
}

/// The same for ONNX Runtime below opset 20, whose own operator does what Gelu does.
struct FuseMicrosoftGelu: FusionRule {
  static let name = "fuse-microsoft-gelu"
  static let summary = "Gelu spelled with Erf becomes ONNX Runtime's operator below opset 20"
  static let roots = FuseGelu.roots
  static let targets: [FusionTarget] = [.onnxruntime]

  func apply(at id: NodeID, in net: inout Rewriter) throws(ModelError) -> FusionOutcome {
    guard net.opset < 20, let match = net.match(FuseGelu.exact, at: id) else { return .noMatch }
    let x = match["x"]
    guard net.isFloat(x) else { return .declined("its element type is \(net.elementType(x))") }
    if let obstacle = net.obstacle(match, rank: net.rank(x)) { return .declined(obstacle) }
    let absorbed = match.nodes.dropFirst().map { net.graph.label($0) }
    net.become(id, "Gelu", inputs: [x], attributes: [], domain: FusionTarget.microsoftDomain)
    return .applied(
      "Gelu took in \(absorbed.joined(separator: ", "))", survivor: id, absorbed: absorbed)
  }
}
