import IR
import Operators
import Passes

/// In a few words, what one operator of a model says about its channels and about quantization.
struct OperatorFacets: Sendable {
  let name: String
  let channels: Set<String>
  let quantization: Set<String>
  let gradient: Set<String>

  /// The facets of every node whose operator is known; empty ones where inference fails.
  static func all(of model: Model) -> [OperatorFacets] {
    guard let facts = try? inferTypes(model) else {
      return model.graph.nodeIDs.map { id in
        OperatorFacets(name: "\(model.graph[id].op)", channels: [], quantization: [], gradient: [])
      }
    }
    return facts.graph.nodeIDs.map { id in
      let name = "\(facts.graph[id].op)"
      guard let op = facts.op(id) else {
        return OperatorFacets(name: name, channels: [], quantization: [], gradient: [])
      }
      let inputs = facts.inputs(id)
      return OperatorFacets(
        name: name, channels: channels(op.channels(inputs, facts.outputs(id))),
        quantization: [quantization(QuantizationTarget.onnxRuntime.rule(op, inputs))],
        gradient: [gradient(op.gradient)])
    }
  }

  private static func gradient(_ gradient: Gradient) -> String {
    switch gradient {
    case .zero: "zero"
    case .none(let reason): "none: \(reason)"
    case .rule, .spelledOut: "yes"
    }
  }

  private static func channels(_ rule: ChannelRule) -> Set<String> {
    if let barrier = rule.barrier { return ["barrier: \(barrier)"] }
    return Set(
      rule.relations.compactMap { relation in
        switch relation {
        case .same: "couples"
        case .part: "joins"
        case .parallel, .quantized, .interchangeable: nil
        case .heads: "heads"
        case .spread: "spreads"
        case .freeze(_, let reason): "freezes: \(reason)"
        case .reduced: "freezes: reduced over"
        case .blocks, .groupedColumns, .tiled: "groups"
        case .produces: "produces"
        case .consumes: "consumes"
        case .scales: "scales"
        case .doesNotCommute: "mixes"
        case .moves: "moves"
        }
      })
  }

  private static func quantization(_ rule: QuantizationRule) -> String {
    switch rule {
    case .weighted(_, _, _, _, let perChannel): perChannel ? "weights, per channel" : "weights"
    case .product: "product"
    case .free: "yes"
    case .bounded: "yes, range known"
    case .shared: "moves"
    case .clamp: "clamps"
    case .float(let reason): "float: \(reason)"
    }
  }
}
