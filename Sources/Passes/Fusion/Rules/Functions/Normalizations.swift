internal import IR
internal import Operators
internal import Rewriting

/// LayerNormalization spelled out: with d = x − mean(x), `d / √(mean(d²) + ε)`. A scale and a bias
/// after it are folded by `fold-scale-shift`.
struct FuseLayerNormalization: FusionRule {
  static let name = "fuse-layer-normalization"
  static let summary =
    "LayerNormalization spelled with means becomes one operator, from opset 17 on"
  static let roots = ["Div", "Mul"]

  func apply(at id: NodeID, in net: inout Rewriter) throws(ModelError) -> FusionOutcome {
    guard let match = net.match(Spellings.layerNormalization, at: id),
      let mean = match.named["mean"], let variance = match.named["variance"], let x = match["x"],
      let epsilon = match.numbers["epsilon"]
    else { return .noMatch }
    guard net.isFloat(x) else { return .declined("its element type is \(net.elementType(x))") }
    guard net.opset >= 17 else {
      return .declined("LayerNormalization needs opset 17, the model has \(net.opset)")
    }
    switch net.trailingAxes([mean, variance], of: x) {
    case .failure(let reason): return .declined(reason.text)
    case .success(let lengths):
      if let obstacle = net.obstacle(match, rank: net.rank(x)) { return .declined(obstacle) }
      let absorbed = match.nodes.dropFirst().map { net.graph.label($0) }
      if let refusal = net.becomeNormalization(
        id, "LayerNormalization", x, lengths, epsilon: epsilon)
      {
        return .declined(refusal)
      }
      return .applied(
        "LayerNormalization took in \(absorbed.joined(separator: ", "))", survivor: id,
        absorbed: absorbed)
    }
  }
}

/// RMSNormalization spelled out: `x / √(mean(x²) + ε)`. A scale after it is folded by
/// `fold-scale-shift`.
struct FuseRMSNormalization: FusionRule {
  static let name = "fuse-rms-normalization"
  static let summary = "RMSNormalization spelled with a mean becomes one operator, from opset 23 on"
  static let roots = ["Div", "Mul"]

  func apply(at id: NodeID, in net: inout Rewriter) throws(ModelError) -> FusionOutcome {
    guard let match = net.match(Spellings.rmsNormalization, at: id),
      let mean = match.named["mean"], let x = match["x"], let epsilon = match.numbers["epsilon"]
    else { return .noMatch }
    guard net.isFloat(x) else { return .declined("its element type is \(net.elementType(x))") }
    guard net.opset >= 23 else {
      return .declined("RMSNormalization needs opset 23, the model has \(net.opset)")
    }
    switch net.trailingAxes([mean], of: x) {
    case .failure(let reason): return .declined(reason.text)
    case .success(let lengths):
      if let obstacle = net.obstacle(match, rank: net.rank(x)) { return .declined(obstacle) }
      let absorbed = match.nodes.dropFirst().map { net.graph.label($0) }
      if let refusal = net.becomeNormalization(
        id, "RMSNormalization", x, lengths, epsilon: epsilon)
      {
        return .declined(refusal)
      }
      return .applied(
        "RMSNormalization took in \(absorbed.joined(separator: ", "))", survivor: id,
        absorbed: absorbed)
    }
  }
}

/// Why a guard fails, where it is not the rule itself that finds out.
struct Reason: Error {
  let text: String
}

extension Rewriter {
  /// The static lengths of the last axes that all the reductions run over.
  fileprivate func trailingAxes(
    _ reductions: [NodeID], of value: ValueID
  ) -> Result<[Int], Reason> {
    guard let shape = shape(value) else {
      return .failure(Reason(text: "the rank of its input is not known"))
    }
    var lengths: [Int]?
    for id in reductions {
      guard int(id, "keepdims", 1) == 1 else { return .failure(Reason(text: "keepdims is 0")) }
      guard let axes = axes(id), !axes.isEmpty else {
        return .failure(Reason(text: "the axes of \(graph.label(id)) are not constant"))
      }
      let places = axes.map { $0 < 0 ? $0 + shape.rank : $0 }.sorted()
      guard places == Array((shape.rank - places.count)..<shape.rank) else {
        return .failure(Reason(text: "\(graph.label(id)) reduces other axes than the last"))
      }
      guard let found = Shape(Array(shape.dimensions[places[0]...])).known else {
        return .failure(Reason(text: "the length of a normalised axis is not known"))
      }
      guard lengths == nil || lengths == found else {
        return .failure(Reason(text: "mean and variance run over different axes"))
      }
      lengths = found
    }
    return .success(lengths ?? [])
  }

  /// Turns a node into a normalisation over the last axes, with a scale of ones; else says why not.
  fileprivate mutating func becomeNormalization(
    _ id: NodeID, _ kind: String, _ x: ValueID, _ lengths: [Int], epsilon: Double
  ) -> String? {
    let stem = output(id).map { graph[$0].name } ?? graph.label(id)
    var patch = patch(before: id)
    let scale = patch.constant(.filled(elementType(x), lengths, 1), stem: "\(stem)_scale")
    return join(
      patch, as: id, kind, [term(x), scale],
      attributes: [
        Attribute("axis", .int(-lengths.count)), Attribute("epsilon", .float(Float(epsilon))),
      ])
  }
}
