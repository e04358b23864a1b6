internal import IR
internal import Operators
internal import Samples

/// A layer whose weight may become the product of two.
struct FactorSite: Sendable {
  let node: NodeID
  let form: LinearForm
  let output: ValueID
  /// The axis of the result that carries channels.
  let axis: Int
  let dimensions: [Int]
  let layout: WeightLayout
  /// Multiply-accumulates for one element of the weight.
  let positions: Double

  var outputs: Int { layout.outputs }
  /// Whether a mean can be kept by a bias.
  var isCentred: Bool { form.bias != nil }

  /// Multiply-accumulates with a rank; of the whole layer for nil.
  func macs(_ rank: Int?) -> Double {
    let whole = Double(outputs * layout.length)
    guard let rank else { return positions * whole }
    return positions * Double(rank * (layout.length + outputs))
  }

  /// The ranks with which the layer costs less than it does whole.
  var ranks: Range<Int> {
    let most = outputs * layout.length / (outputs + layout.length)
    let last = macs(most) < macs(nil) ? most : most - 1
    return 1..<max(1, last + 1)
  }

  /// What is to be seen of the result: its channels, a row a position.
  var point: GramPoint {
    let view = LinearForm(
      .product, activation: 0, weight: 1, output: 0, input: 1, along: axis, to: axis)
    return GramPoint(
      node: node, value: output, form: view, weight: [outputs, outputs], squares: true)
  }

  /// - Returns: the site, or why the node stays as it is; nil for nodes that multiply by no weight.
  static func find(_ id: NodeID, _ facts: TypedGraph) -> Result<FactorSite, FactorObstacle>? {
    let graph = facts.graph
    guard let op = facts.op(id), let form = op.linear(facts.inputs(id)), form.kind != .scaling,
      let weightID = graph[id].inputs[safe: form.weight] ?? nil,
      let weight = graph.constant(weightID)
    else { return nil }
    func no(_ reason: String) -> Result<FactorSite, FactorObstacle> {
      .failure(FactorObstacle(reason: reason))
    }
    guard form.isPlain, form.alpha == 1, !form.transposesActivation, form.activation == 0,
      form.weight == 1, weight.elementType == .float
    else { return no("it is not plainly linear in a weight of floats") }
    guard form.kind != .transposedConvolution else { return no("transposed convolutions stay") }
    guard form.groups == 1, let layout = WeightLayout(form, dimensions: weight.dimensions) else {
      return no("its channels are in groups")
    }
    guard graph[weightID].uses.count == 1 else { return no("others read its weight too") }
    guard let output = graph[id].outputs[safe: 0] ?? nil,
      let rank = graph[output].tensorType?.shape?.rank,
      let axis = LinearForm.place(form.outputAxis, rank: rank)
    else { return no("the rank of its result is not known") }
    if let place = form.bias {
      let value = graph[id].inputs[safe: place.slot] ?? nil
      let count = value.map { graph.constant($0)?.count ?? 0 } ?? layout.outputs
      guard place.factor == 1, count == layout.outputs else {
        return no("its bias is not one number an output")
      }
    }
    let whole = Double(layout.outputs * layout.length)
    let outputs = facts.outputs(id).map(\.boundToOne)
    let macs = op.macs(facts.inputs(id).boundToOne, outputs).map { Double($0) } ?? whole
    let site = FactorSite(
      node: id, form: form, output: output, axis: axis, dimensions: weight.dimensions,
      layout: layout, positions: macs / whole)
    return site.ranks.isEmpty ? no("no rank makes it cheaper") : .success(site)
  }
}

/// Why a layer stays whole.
struct FactorObstacle: Error {
  let reason: String
}
