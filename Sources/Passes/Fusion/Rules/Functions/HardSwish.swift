internal import IR
internal import Rewriting

/// HardSigmoid spelled out (`Spellings.hardSigmoid`).
struct FuseHardSigmoid: SpellingRule {
  static let name = "fuse-hard-sigmoid"
  static let summary = "HardSigmoid spelled as Add, Clip and Div becomes one operator"
  static let spellings = Spellings.hardSigmoid
}

/// HardSwish spelled out (`Spellings.hardSwish`); below opset 14, which has none, its gate becomes a
/// HardSigmoid.
struct FuseHardSwish: FusionRule {
  static let name = "fuse-hard-swish"
  static let summary = "HardSwish spelled as a product becomes one operator, from opset 14 on"
  static let roots = Spellings.hardSwish.reduce(into: Set()) { $0.formUnion($1.roots) }.sorted()

  func apply(at id: NodeID, in net: inout Rewriter) throws(ModelError) -> FusionOutcome {
    guard let found = net.spelling(of: Spellings.hardSwish, at: id) else { return .noMatch }
    let x = found.x
    if let obstacle = net.obstacle(to: found.match, x)
      ?? net.obstacle(found.match, rank: net.rank(x))
    {
      return .declined(obstacle)
    }
    let absorbed = found.match.nodes.dropFirst().map { net.graph.label($0) }
    guard net.opset >= 14 else {
      // Without the operator the gate alone can become one.
      guard found.match.nodes.count > 3 else {
        return .declined("HardSwish needs opset 14, the model has \(net.opset)")
      }
      var patch = net.patch(before: id)
      let gate = patch.add(
        "HardSigmoid", [net.term(x)],
        attributes: [Attribute("alpha", .float(1 / 6)), Attribute("beta", .float(0.5))],
        stem: "\(net.graph[x].name)_gate")
      if let refusal = net.join(patch, as: id, "Mul", [net.term(x), gate]) {
        return .declined(refusal)
      }
      return .applied("became Mul and HardSigmoid", survivor: id, absorbed: absorbed)
    }
    if let refusal = net.become(id, "HardSwish", inputs: [x]) { return .declined(refusal) }
    return .applied(
      "HardSwish took in \(absorbed.joined(separator: ", "))", survivor: id, absorbed: absorbed)
  }
}

/// Swish spelled out (`Spellings.swish`). ONNX Runtime computes the two operators 18 % faster than the
/// one, which it takes apart; engines that compile a graph know it.
struct FuseSwish: SpellingRule {
  static let name = "fuse-swish"
  static let summary =
    "Swish spelled as a product with a Sigmoid becomes one operator, from opset 24 on"
  static let targets: [FusionTarget] = [.tensorrt, .openvino]
  static let spellings = Spellings.swish
}
