internal import IR
internal import Operators

extension Smoothing {
  /// A layer with a constant weight that reads a value, and whose weight can be multiplied by what the
  /// value is divided by.
  struct Reader {
    let node: NodeID
    let form: LinearForm
    let tensor: Tensor
    let layout: WeightLayout
    /// The axis of the value along which its channels lie.
    let axis: Int

    /// The number of the value's channels.
    var channels: Int { layout.inputs * layout.groups }
  }

  /// The layers that read a value as their activation; those with other channels than the first are
  /// left out.
  static func readers(of value: ValueID, _ facts: TypedGraph) -> [Reader] {
    let all = facts.graph[value].uses.compactMap { use -> Reader? in
      guard case .input(let id, let slot) = use, let op = facts.op(id),
        let form = op.linear(facts.inputs(id)), form.isPlain, form.kind != .scaling,
        form.activation == slot,
        let weight = facts.graph[id].inputs[safe: form.weight] ?? nil,
        let tensor = facts.graph.constant(weight), tensor.elementType == .float,
        let layout = WeightLayout(form, dimensions: tensor.dimensions),
        let rank = facts.graph[value].tensorType?.shape?.rank,
        let axis = LinearForm.place(form.activationAxis, rank: rank)
      else { return nil }
      return Reader(node: id, form: form, tensor: tensor, layout: layout, axis: axis)
    }
    return all.filter { $0.axis == all[0].axis && $0.channels == all[0].channels }
  }
}
