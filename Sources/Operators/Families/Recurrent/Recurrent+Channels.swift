package import IR
private import Kernels

extension Recurrent {
  /// Rule 8 of pruning.md: a hidden unit is one row of each gate in the weights, biases and
  /// peepholes, a column of the state's weights, and an element of every state.
  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    guard inputs.rank(0) == 3, inputs.rank(1) == 3, inputs.rank(2) == 3 else {
      return .barrier("the shapes of a recurrent layer are not known")
    }
    let batch = settings.batchFirst ? 0 : 1
    let x = Port.input(0), w = Port.input(1), r = Port.input(2)
    let unit = Axis(r, 2)
    var relations: [ChannelRule.Relation] = [
      .same(Axis(x, 2), Axis(w, 2)), .consumes(Axis(w, 2)), .consumes(unit), .produces(Axis(w, 1)),
      .tiled(unit, Axis(w, 1), count: cell.gates), .tiled(unit, Axis(r, 1), count: cell.gates),
      .freeze(Axis(x, 1 - batch), reason: "steps of a sequence"),
    ]
    // Both biases of every gate; the peepholes of three gates.
    for (index, count) in [(3, 2 * cell.gates), (7, 3)] where inputs.has(index) {
      relations.append(.tiled(unit, Axis(.input(index), 1), count: count))
    }
    if inputs.has(4) { relations.append(.same(Axis(x, batch), Axis(.input(4), 0))) }
    for index in [5, 6] where inputs.has(index) {
      relations += [
        .same(unit, Axis(.input(index), 2)), .same(Axis(x, batch), Axis(.input(index), batch)),
      ]
    }
    for (index, type) in outputs.enumerated() {
      guard let rank = type.shape?.rank else { continue }
      // The first output has an axis of steps before the others'.
      let place = settings.batchFirst ? 0 : rank - 2
      relations += [
        .same(unit, Axis(.output(index), rank - 1)),
        .same(Axis(x, batch), Axis(.output(index), place)),
      ]
    }
    return ChannelRule(relations)
  }

  package func resize(_ cut: Cut) throws(ModelError) -> [NodeEdit] {
    guard settings.hiddenSize != nil, let size = cut.newLength(.input(2), 2) else { return [] }
    return [.attribute("hidden_size", .int(size))]
  }
}
