internal import IR
internal import Rewriting

/// Gelu spelled out (`Spellings.gelu`).
struct FuseGelu: SpellingRule {
  static let name = "fuse-gelu"
  static let summary = "Gelu spelled with Erf or Tanh becomes one operator, from opset 20 on"
  static let spellings = Spellings.gelu
}

/// The same for ONNX Runtime below opset 20, whose own operator does what Gelu does.
struct FuseMicrosoftGelu: FusionRule {
  static let name = "fuse-microsoft-gelu"
  static let summary = "Gelu spelled with Erf becomes ONNX Runtime's operator below opset 20"
  static let roots = FuseGelu.roots
  static let targets: [FusionTarget] = [.onnxruntime]

  func apply(at id: NodeID, in net: inout Rewriter) throws(ModelError) -> FusionOutcome {
    guard net.opset < 20, let found = net.spelling(of: [Spellings.exactGelu], at: id) else {
      return .noMatch
    }
    let x = found.x
    if let obstacle = net.obstacle(to: found.match, x)
      ?? net.obstacle(found.match, rank: net.rank(x))
    {
      return .declined(obstacle)
    }
    let absorbed = found.match.nodes.dropFirst().map { net.graph.label($0) }
    if let refusal = net.become(id, "Gelu", inputs: [x], domain: FusionTarget.microsoftDomain) {
      return .declined(refusal)
    }
    return .applied(
      "Gelu took in \(absorbed.joined(separator: ", "))", survivor: id, absorbed: absorbed)
  }
}
