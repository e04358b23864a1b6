internal import IR
internal import Operators

extension Smoothing {
  /// The layer whose weight and bias can be divided so that a value is: a linear one behind which
  /// nothing but operators stand that leave factors above 0 as they are, such as Relu and pools
  /// (M. Nagel and others, "Data-Free Quantization Through Weight Equalization and Bias Correction",
  /// 2019).
  struct Source {
    let layer: NodeID
    let form: LinearForm
    let weight: ValueID
    let bias: ValueID?
    let layout: WeightLayout
    /// The least upper bound of the clamps behind it, which they keep.
    let bound: Float
  }

  /// Where the channels of a value can be divided at no cost; nil where they cannot.
  static func source(
    of value: ValueID, axis: Int, channels: Int, _ facts: TypedGraph
  ) -> Source? {
    var current = value
    var bound = Float.infinity
    while let id = facts.graph[current].producer, let op = facts.op(id),
      current == value || facts.graph.onlyConsumer(of: current) != nil,
      facts.graph[id].outputs.compactMap({ $0 }) == [current]
    {
      let inputs = facts.inputs(id)
      if let form = op.linear(inputs) {
        return source(
          id, form, at: LinearForm.place(form.outputAxis, rank: rank(current, facts)) == axis,
          channels, bound, facts)
      }
      if case .clamp(let range) = op.quantization(inputs), range.lowerBound == 0 {
        bound = min(bound, range.upperBound)
      } else if !type(of: op).traits.isHomogeneous {
        return nil
      }
      guard let next = facts.graph[id].inputs.first ?? nil,
        rank(next, facts) == rank(value, facts)
      else { return nil }
      current = next
    }
    return nil
  }

  private static func rank(_ value: ValueID, _ facts: TypedGraph) -> Int {
    facts.graph[value].tensorType?.shape?.rank ?? -1
  }

  private static func source(
    _ id: NodeID, _ form: LinearForm, at isAligned: Bool, _ channels: Int,
    _ bound: Float, _ facts: TypedGraph
  ) -> Source? {
    let inputs = facts.graph[id].inputs
    guard isAligned, form.isPlain, let weight = inputs[safe: form.weight] ?? nil,
      let tensor = facts.graph.constant(weight), tensor.elementType == .float,
      let layout = WeightLayout(form, dimensions: tensor.dimensions), layout.outputs == channels
    else { return nil }
    let bias = form.bias.flatMap { inputs[safe: $0.slot] ?? nil }
    if let bias {
      guard let tensor = facts.graph.constant(bias), tensor.elementType == .float,
        tensor.count == channels
      else { return nil }
    }
    return Source(
      layer: id, form: form, weight: weight, bias: bias, layout: layout, bound: bound)
  }
}
