internal import IR
internal import Operators
internal import Reports

extension ModelView {
  /// Multiplies out layers that one of two models has in two parts with few channels between them, so that
  /// the layers are compared, and notes it. Layers that both have in parts stay.
  ///
  /// - Returns: whether there were any.
  static func multiplyOut(_ a: inout ModelView, _ b: inout ModelView) -> Bool {
    let pairs = (LayerPair.all(in: a.model), LayerPair.all(in: b.model))
    guard pairs.0.count != pairs.1.count else { return false }
    return pairs.0.count < pairs.1.count
      ? b.multiplyOut(pairs.1, but: pairs.0) : a.multiplyOut(pairs.0, but: pairs.1)
  }

  private mutating func multiplyOut(_ pairs: [LayerPair], but others: [LayerPair]) -> Bool {
    let known = Set(others.map(\.name))
    guard known.isSubset(of: pairs.map(\.name)) else { return false }
    for pair in pairs where !known.contains(pair.name) {
      guard let weight = pair.product() else { continue }
      let node = model.graph[pair.second]
      guard let output = node.outputs[0], model.graph.contains(pair.first) else { continue }
      let bias = pair.bias.flatMap { node.inputs[safe: $0.second] ?? nil }
      model.graph.remove(pair.second)
      model.graph.setOutput(pair.first, slot: 0, to: output)
      model.graph.setInput(
        pair.first, slot: pair.weightSlot, to: model.graph.addInitializer(pair.label, weight))
      if let bias, let slot = pair.bias?.first {
        model.graph.setInput(pair.first, slot: slot, to: bias)
      }
      notes = notes.map { $0.node == pair.second ? Note(pair.first, $0.kind) : $0 }
      ranges[pair.first] = ranges.removeValue(forKey: pair.second)
      notes.append(Note(pair.first, .divided(rank: pair.rank)))
    }
    model.graph.dropUnusedValues()
    return true
  }
}

/// Two linear layers, the second of which reads nothing but the fewer channels of the first and makes each
/// position's results of them: one layer, in two parts.
private struct LayerPair {
  let first: NodeID
  let second: NodeID
  /// The number of channels between them.
  let rank: Int
  let name: [String]
  let label: String
  let weightSlot: Int
  /// The inputs for a bias.
  let bias: (first: Int, second: Int)?
  private let left: WeightMatrix
  private let right: WeightMatrix

  static func all(in model: Model) -> [LayerPair] {
    guard let facts = try? inferTypes(model) else { return [] }
    return facts.graph.nodeIDs.compactMap { LayerPair($0, facts) }
  }

  private init?(_ id: NodeID, _ facts: TypedGraph) {
    let graph = facts.graph
    guard let form = Self.form(id, facts),
      let hidden = graph[id].inputs[safe: form.activation] ?? nil,
      let first = graph[hidden].producer, let before = Self.form(first, facts),
      form.kind.isProduct == before.kind.isProduct, graph.onlyConsumer(of: hidden) == id,
      !graph.isOutput(hidden), !graph.isCaptured(hidden), graph[id].outputs.count == 1,
      let left = WeightMatrix(first, before, graph), let right = WeightMatrix(id, form, graph),
      right.rest == left.outputs, left.outputs < min(right.outputs, left.rest),
      Self.keepsPositions(id, form, facts)
    else { return nil }
    if let slot = before.bias?.slot, let own = graph[first].inputs[safe: slot] ?? nil,
      !facts.isZero(own)
    {
      return nil
    }
    if let own = form.bias?.slot, (graph[id].inputs[safe: own] ?? nil) != nil {
      guard let slot = before.bias?.slot else { return nil }
      bias = (slot, own)
    } else {
      bias = nil
    }
    self.first = first
    second = id
    rank = left.outputs
    name = [graph[first].name ?? "", graph[id].name ?? ""]
    label =
      graph[first].inputs[safe: before.weight].flatMap { $0 }.map { graph[$0].name } ?? "weight"
    weightSlot = before.weight
    self.left = left
    self.right = right
  }

  private static func form(_ id: NodeID, _ facts: TypedGraph) -> LinearForm? {
    guard let form = facts.op(id)?.linear(facts.inputs(id)), form.groups == 1, form.alpha == 1,
      form.stackAxes == 0, form.isPlain, !form.transposesActivation
    else { return nil }
    switch form.kind {
    case .product, .convolution: return form
    default: return nil
    }
  }

  /// Whether each position of the result comes of one position.
  private static func keepsPositions(_ id: NodeID, _ form: LinearForm, _ facts: TypedGraph) -> Bool
  {
    if form.kind.isProduct { return true }
    let inputs = facts.inputs(id)
    guard let weight = inputs.shape(form.weight), let from = inputs.shape(form.activation),
      let to = facts.outputs(id).first?.shape
    else { return false }
    return weight.dimensions.dropFirst(2).allSatisfy { $0 == .known(1) }
      && from.dimensions.dropFirst(2) == to.dimensions.dropFirst(2)
  }

  /// The weight of the layer as one.
  func product() -> Tensor? {
    let width = left.rest
    var sums = [Float](repeating: 0, count: right.outputs * width)
    sums.withUnsafeMutableBufferPointer { sums in
      left.rows.withUnsafeBufferPointer { rows in
        for output in 0..<right.outputs {
          for channel in 0..<rank {
            let factor = right.rows[output * rank + channel]
            for column in 0..<width {
              sums[output * width + column] += factor * rows[channel * width + column]
            }
          }
        }
      }
    }
    return left.tensor(sums, outputs: right.outputs)
  }
}

/// A weight as a matrix with a row for each output.
private struct WeightMatrix {
  let rows: [Float]
  let outputs: Int
  /// The elements of a row.
  let rest: Int
  private let shape: [Int]
  private let span: AxisSpan
  private let axis: Int

  init?(_ id: NodeID, _ form: LinearForm, _ graph: Graph) {
    guard let value = graph[id].inputs[safe: form.weight] ?? nil,
      let tensor = graph.constant(value),
      let axis = LinearForm.place(form.weightOutput, rank: tensor.dimensions.count),
      tensor.dimensions.count > 1, tensor.elementType == .float, let numbers = tensor.floats
    else { return nil }
    self.axis = axis
    shape = tensor.dimensions
    span = AxisSpan(shape, axis: axis)
    outputs = span.length
    rest = span.outer * span.inner
    var rows = numbers
    for block in 0..<span.outer {
      for index in 0..<span.length {
        for step in 0..<span.inner {
          rows[index * rest + block * span.inner + step] =
            numbers[span.start(block: block, index: index) + step]
        }
      }
    }
    self.rows = rows
  }

  /// Rows as a weight of the same layout.
  func tensor(_ rows: [Float], outputs: Int) -> Tensor {
    var shape = shape
    shape[axis] = outputs
    let whole = AxisSpan(shape, axis: axis)
    var numbers = rows
    for block in 0..<whole.outer {
      for index in 0..<outputs {
        for step in 0..<whole.inner {
          numbers[whole.start(block: block, index: index) + step] =
            rows[index * rest + block * whole.inner + step]
        }
      }
    }
    return Tensor(floats: numbers, shape)
  }
}

extension LinearForm.Kind {
  fileprivate var isProduct: Bool { if case .product = self { true } else { false } }
}
