internal import Execution
internal import IR
internal import Operators

/// A model with switches: one session in which the channels that a cut would remove can be masked
/// where they are read, run by run, without planning anew.
///
/// Where the oracle would zero columns of a weight, the activation is multiplied with a mask that is an
/// input of the graph with ones for a default. Removal that changes statistics (layer normalisation)
/// cannot be switched: such cuts need a session of their own.
struct MaskedSession {
  /// A place where a mask is multiplied in.
  private struct Place: Hashable {
    let value: ValueID
    let axis: Int
  }

  /// What a proof step masks.
  private struct Site: Hashable {
    let node: String
    let input: Int
    let axis: Int
  }

  private let session: Session
  /// For each site the input of the graph that masks it, and the length of the mask's axis.
  private var masks: [Site: (name: String, shape: [Int], axis: Int)] = [:]

  /// - Parameter steps: everything that may be masked.
  init(
    _ model: Model, _ facts: TypedGraph, _ steps: [ProofStep], _ options: SessionOptions
  ) throws(ModelError) {
    var model = model
    // Weights that are inputs too would not be constants beside inputs that have defaults.
    for info in model.graph.inputs where model.graph[info.value].initializer != nil {
      model.graph.removeInput(info.value)
    }
    model.graph.initializersAreConstant = false
    model.graph.defaultsAreConstant = false
    var placed: [Place: (mask: String, masked: ValueID, shape: [Int])] = [:]
    for step in steps where step.kind == .mask {
      let site = Site(node: step.node, input: step.input, axis: step.axis)
      guard masks[site] == nil, let value = facts.graph.value(named: step.node),
        let node = facts.graph[value].producer,
        case let read = Axis(.input(step.input), step.axis),
        case let operand = facts.activation(node, of: read) ?? read,
        case .input(let slot) = operand.port, let source = facts.graph[node].inputs[slot],
        facts.graph[source].tensorType?.elementType == .float,
        let length = facts.inputs(node).shape(slot)?.dimensions[safe: operand.axis]?.value,
        let rank = facts.inputs(node).rank(slot)
      else { continue }
      let place = Place(value: source, axis: operand.axis)
      if placed[place] == nil {
        var shape = [Int](repeating: 1, count: rank)
        shape[operand.axis] = length
        let name = facts.graph[source].name
        let mask = model.graph.addInitializer(
          "\(name)_switch", Tensor(floats: [Float](repeating: 1, count: length), shape))
        model.graph.addInput(ValueInfo(mask, type: .tensor(TensorType(.float, shape))))
        let masked = model.graph.addFreshValue("\(name)_switched", type: facts.graph[source].type)
        model.graph.add(ProofNodes.mask(source, by: mask, into: masked), before: node)
        placed[place] = (model.graph[mask].name, masked, shape)
      }
      guard let found = placed[place] else { continue }
      model.graph.setInput(node, slot: slot, to: found.masked)
      masks[site] = (found.mask, found.shape, operand.axis)
    }
    try model.graph.sortTopologically()
    session = try Session(model, options: options)
  }

  /// Whether all that the steps do can be switched.
  func covers(_ steps: [ProofStep]) -> Bool {
    steps.allSatisfy {
      $0.kind == .mask && masks[Site(node: $0.node, input: $0.input, axis: $0.axis)] != nil
    }
  }

  /// Runs the model with what the steps remove masked.
  func run(_ inputs: [String: Tensor], _ steps: [ProofStep]) throws(ModelError) -> [String: Tensor]
  {
    var inputs = inputs
    for step in steps {
      guard let mask = masks[Site(node: step.node, input: step.input, axis: step.axis)] else {
        continue
      }
      let length = mask.shape[mask.axis]
      var values = [Float](repeating: 0, count: length)
      // Lists for the groups of a convolution number the channels of each group from 0.
      let width = length / max(1, step.kept.count)
      for (group, kept) in step.kept.enumerated() {
        for index in kept where group * width + index < length { values[group * width + index] = 1 }
      }
      inputs[mask.name] = Tensor(floats: values, mask.shape)
    }
    return try session.run(inputs)
  }
}
