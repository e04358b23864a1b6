internal import IR
internal import Kernels
internal import Operators

/// A node whose weight, and perhaps a bias, can be adapted.
struct FitSite: Sendable {
  /// An input that holds one number a channel that is added, or that would hold it.
  struct Bias: Sendable {
    let node: NodeID
    let slot: Int
  }

  /// What the layer should make, in the original.
  struct Target: Sendable {
    /// The layer's own result; or the sum with what skips the layer, where that is known by then.
    let value: ValueID
    /// What stands for it in the model that is adapted.
    let own: ValueID
    /// What skips the layer in the pruned model, to be taken off the sum; nil where there is none.
    let skip: ValueID?
    /// Which of the original's channels are left; nil for all.
    let kept: [Int]?
  }

  let node: NodeID
  /// How the node is linear in its weight.
  let form: LinearForm
  /// The activation, the result with the bias, and the axis of the result that carries channels.
  let input: ValueID
  let output: ValueID
  let axis: Int
  /// Where the bias is: with the node itself, or with an Add behind it; nil where there is no place
  /// for one.
  let bias: Bias?
  let target: Target
  /// The lengths of the weight after pruning, and where its elements lie.
  let dimensions: [Int]
  let layout: WeightLayout

  /// The number of output channels that are left.
  var channels: Int { layout.outputs }
}

extension FitSite {
  /// The nodes of a smaller model whose weight and bias are constants of their own.
  static func all(_ descent: Descent) -> [FitSite] {
    let ids = Array(descent.student.graph.nodeIDs)
    let places = Dictionary(zip(ids, 0...)) { first, _ in first }
    return ids.compactMap { FitSite($0, descent, places) }
  }

  /// - Parameter places: of nodes in the order of the smaller model.
  private init?(_ id: NodeID, _ descent: Descent, _ places: [NodeID: Int]) {
    let facts = descent.facts, graph = descent.student.graph
    guard facts.graph.contains(id), let op = facts.op(id),
      let form = op.linear(facts.inputs(id)), form.isPlain,
      form.kind != .scaling, form.alpha == 1, !form.transposesActivation,
      op.channels(facts.inputs(id), facts.outputs(id)).barrier == nil,
      let rank = facts.graph[id].outputs[0].flatMap({ facts.graph[$0].tensorType?.shape?.rank }),
      let axis = LinearForm.place(form.outputAxis, rank: rank),
      let input = graph[id].inputs[form.activation], let weightID = graph[id].inputs[form.weight],
      let tensor = graph.constant(weightID), tensor.elementType == .float,
      graph[weightID].uses.count == 1,
      let layout = WeightLayout(form, dimensions: tensor.dimensions),
      let (bias, output) = Self.bias(id, form, facts, graph, channels: layout.outputs),
      let target = Self.sum(output, axis, before: id, descent, places)
        ?? descent.counterpart(of: output).map({
          Target(
            value: $0, own: output, skip: nil, kept: descent.kept(id, Axis(.output(0), axis)))
        })
    else { return nil }
    node = id
    self.form = form
    self.input = input
    self.output = output
    self.axis = axis
    self.bias = bias
    self.target = target
    dimensions = tensor.dimensions
    self.layout = layout
  }

  /// Where a layer's bias is, or where it gets one, and the value that it is part of: an input of
  /// the node itself, or the constant that an Add behind the node adds along the channels. Nil where
  /// a bias is shared or multiplied.
  private static func bias(
    _ id: NodeID, _ form: LinearForm, _ facts: TypedGraph, _ graph: Graph, channels: Int
  ) -> (Bias?, ValueID)? {
    guard let output = facts.graph[id].outputs[0] else { return nil }
    func isOneEach(_ value: ValueID) -> Bool {
      guard let tensor = graph.constant(value), tensor.elementType == .float else { return false }
      return tensor.count == channels && tensor.dimensions.last == channels
    }
    if let place = form.bias {
      guard place.factor == 1 else { return nil }
      guard let value = graph[id].inputs[safe: place.slot] ?? nil else {
        return (.init(node: id, slot: place.slot), output)
      }
      return isOneEach(value) ? (.init(node: id, slot: place.slot), output) : nil
    }
    guard let next = facts.graph.onlyConsumer(of: output),
      let sum = facts.op(next) as? any BroadcastBinary, sum.function == .add,
      let result = facts.graph[next].outputs[0],
      let slot = graph[next].inputs.firstIndex(where: { $0 != output }),
      let value = graph[next].inputs[slot], isOneEach(value),
      (graph.constant(value)?.dimensions.count ?? 0) <= 1
    else { return (nil, output) }
    return (.init(node: next, slot: slot), result)
  }

  /// The sum that a layer's result goes into and nowhere else, where what is added is computed before
  /// the layer is: its errors are known, and the layer can make up for them.
  private static func sum(
    _ output: ValueID, _ axis: Int, before id: NodeID, _ descent: Descent,
    _ places: [NodeID: Int]
  ) -> Target? {
    let facts = descent.facts, graph = descent.student.graph
    guard let next = facts.graph.onlyConsumer(of: output), graph.contains(next),
      let sum = facts.op(next) as? any BroadcastBinary, sum.function == .add,
      let total = facts.graph[next].outputs[0], graph[next].inputs.contains(output),
      let value = descent.counterpart(of: total),
      let skip = graph[next].inputs.compactMap({ $0 }).first(where: { $0 != output }),
      facts.graph.contains(skip), graph.constant(skip) == nil,
      let shape = facts.graph[output].tensorType?.shape,
      facts.graph[skip].tensorType?.shape == shape,
      facts.graph[total].tensorType?.shape == shape
    else { return nil }
    if let producer = graph[skip].producer {
      guard let place = places[producer], let own = places[id], place < own else { return nil }
    }
    return Target(value: value, own: total, skip: skip, kept: descent.kept(total, axis))
  }
}
