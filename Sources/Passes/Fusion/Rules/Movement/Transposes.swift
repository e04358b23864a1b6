internal import IR
internal import Operators
internal import Rewriting

extension Rewriter {
  /// The order in which a Transpose lays its input's axes.
  func permutation(_ id: NodeID) -> [Int]? {
    ints(id, "perm") ?? rank(input(id, 0)).map { Array((0..<$0).reversed()) }
  }
}

/// `transpose(transpose(x, p), q) = transpose(x, p∘q)`.
struct MergeTransposes: FusionRule {
  static let name = "merge-transposes"
  static let summary = "Transposes in a row become one, or none where they cancel"
  static let roots = ["Transpose"]

  func apply(at id: NodeID, in net: inout Rewriter) throws(ModelError) -> FusionOutcome {
    guard let middle = net.input(id, 0), let first = net.producer(of: middle, "Transpose"),
      let source = net.input(first, 0), let p = net.permutation(first),
      let q = net.permutation(id), p.count == q.count
    else { return .noMatch }
    let merged = q.map { p[$0] }
    let absorbed = net.graph.label(first)
    if merged == Array(merged.indices) {
      if let obstacle = net.bypass(id, with: source) { return .declined(obstacle) }
      return .applied("it undoes \(absorbed)")
    }
    if let obstacle = net.obstacle(over: middle) { return .declined(obstacle) }
    let attributes = [Attribute("perm", .ints(merged))]
    if let refusal = net.become(id, "Transpose", inputs: [source], attributes: attributes) {
      return .declined(refusal)
    }
    return .applied("took in \(absorbed)", survivor: id, absorbed: [absorbed])
  }
}

/// A Transpose moves behind operators that work element by element:
/// `f(transpose(x, p)) = transpose(f(x), p)`, where that brings it to another Transpose or joins two.
struct SinkTransposes: FusionRule {
  static let name = "sink-transposes"
  static let summary =
    "Transposes move behind elementwise operators, Concat and reductions to cancel"
  static let roots: [String] = []

  /// How far ahead to look for a Transpose to cancel with.
  private static let horizon = 16

  func apply(at id: NodeID, in net: inout Rewriter) throws(ModelError) -> FusionOutcome {
    guard let op = net.op(id), let kind = net.kind(id), net.graph[id].outputs.count == 1,
      let result = net.output(id)
    else { return .noMatch }
    let isReduction = kind.hasPrefix("Reduce")
    guard isReduction || kind == "Concat" || net.isElementwise(op, kind) else { return .noMatch }
    guard let (order, transposes) = commonOrder(id, kind, isReduction: isReduction, &net),
      let rank = net.rank(result) ?? order.count as Int?,
      isReduction || rank == order.count
    else { return .noMatch }
    if isReduction { return try reduce(id, transposes[0], order, &net) }
    guard transposes.count > 1 || net.meetsTranspose(result, order, Self.horizon) else {
      return .noMatch
    }
    for producer in transposes {
      if let obstacle = net.obstacle(over: net.output(producer)!, readers: [id]) {
        return .declined(obstacle)
      }
    }
    guard let type = net.type(result).shape, type.rank == order.count else { return .noMatch }
    var attributes = net.graph[id].attributes
    if kind == "Concat" {
      let axis = net.int(id, "axis", 0)
      let place = axis < 0 ? axis + order.count : axis
      guard order.indices.contains(place) else { return .noMatch }
      attributes = [Attribute("axis", .int(order[place]))]
    }
    var patch = net.patch(before: id)
    guard let inputs = untransposed(id, kind, order, &patch, &net) else {
      return .declined("a constant operand cannot be transposed")
    }
    var inverse = order
    for (place, axis) in order.enumerated() { inverse[axis] = place }
    let inner = Shape(inverse.map { type[$0] })
    let label = net.graph.label(transposes[0])
    let moved = patch.add(
      kind, inputs, attributes: attributes, stem: "\(net.graph[result].name)_moved",
      expecting: TensorType(net.elementType(result), inner))
    let transposed = [Attribute("perm", .ints(order))]
    if let refusal = net.join(patch, as: id, "Transpose", [moved], attributes: transposed) {
      return .declined(refusal)
    }
    if let producer = net.input(id, 0).flatMap({ net.graph[$0].producer }) {
      net.inherit(producer, from: id)
    }
    net.rename(id, like: transposes[0])
    return .applied("\(label) moved behind it")
  }

  /// The order in which all operands that are no constants are transposed, and the nodes that do it.
  private func commonOrder(
    _ id: NodeID, _ kind: String, isReduction: Bool, _ net: inout Rewriter
  ) -> (order: [Int], transposes: [NodeID])? {
    var order: [Int]?
    var transposes: [NodeID] = []
    for (slot, value) in net.graph[id].inputs.enumerated() {
      guard let value else { continue }
      if isReduction || net.keepsOperand(kind, slot), slot > 0 { continue }
      if let producer = net.producer(of: value, "Transpose"), let p = net.permutation(producer) {
        guard order == nil || order == p else { return nil }
        order = p
        transposes.append(producer)
      } else if net.constant(value) == nil {
        return nil
      }
    }
    return order.map { ($0, transposes) }
  }

  /// The operands before they are transposed; nil where a constant cannot be.
  private func untransposed(
    _ id: NodeID, _ kind: String, _ order: [Int], _ patch: inout Patch, _ net: inout Rewriter
  ) -> [Patch.Term?]? {
    var inputs: [Patch.Term?] = []
    for (slot, value) in net.graph[id].inputs.enumerated() {
      guard let value else {
        inputs.append(nil)
        continue
      }
      if slot > 0, net.keepsOperand(kind, slot) {
        inputs.append(net.term(value))
      } else if let producer = net.producer(of: value, "Transpose") {
        inputs.append(net.input(producer, 0).map { net.term($0) })
      } else {
        guard let moved = net.untransposed(value, order, &patch) else { return nil }
        inputs.append(moved)
      }
    }
    return inputs
  }

  /// A reduction of a transposed tensor reduces the tensor, when the axes that stay keep their order.
  private func reduce(
    _ id: NodeID, _ transpose: NodeID, _ order: [Int], _ net: inout Rewriter
  ) throws(ModelError) -> FusionOutcome {
    guard let axes = net.axes(id), !axes.isEmpty, net.int(id, "keepdims", 1) == 0,
      let source = net.input(transpose, 0)
    else { return .noMatch }
    let places = Set(axes.map { $0 < 0 ? $0 + order.count : $0 })
    guard places.allSatisfy({ order.indices.contains($0) }) else { return .noMatch }
    let kept = order.indices.filter { !places.contains($0) }.map { order[$0] }
    guard kept == kept.sorted() else { return .noMatch }
    let moved = places.map { order[$0] }.sorted()
    let absorbed = net.graph.label(transpose)
    if net.ints(id, "axes") != nil {
      net.setAttribute(id, "axes", .ints(moved))
      net.setInput(id, slot: 0, to: source)
    } else {
      let stem = net.graph[net.input(id, 1)!].name
      let constant = net.newConstant(stem, Tensor(int64: moved, [moved.count]))
      net.setInputs(id, [source, constant])
    }
    return .applied("reads what \(absorbed) read")
  }
}

extension Rewriter {
  /// Whether an operator works on each element by itself, its operands broadcast.
  func isElementwise(_ op: any Operator, _ kind: String) -> Bool {
    op is any UnaryElementwise || op is any BroadcastBinary || kind == "Clip" || kind == "Cast"
      || kind == "Sum" || kind == "Max" || kind == "Min"
  }

  /// Whether an operand is a parameter that does not broadcast with the others.
  func keepsOperand(_ kind: String, _ slot: Int) -> Bool { kind == "Clip" && slot > 0 }

  /// Whether the only reader of a value is a Transpose that undoes `order`, or leads to one through
  /// elementwise operators.
  fileprivate mutating func meetsTranspose(_ value: ValueID, _ order: [Int], _ depth: Int) -> Bool {
    guard depth > 0, let reader = graph.onlyConsumer(of: value), let op = op(reader),
      let kind = kind(reader)
    else { return false }
    if kind == "Transpose" { return permutation(reader).map { $0.count == order.count } ?? false }
    guard isElementwise(op, kind), let next = output(reader) else { return false }
    for other in graph[reader].inputs.compactMap({ $0 }) where other != value {
      if constant(other) != nil { continue }
      guard let producer = producer(of: other, "Transpose"), permutation(producer) == order else {
        return false
      }
      return true
    }
    return meetsTranspose(next, order, depth - 1)
  }

  /// A constant operand as it broadcasts against untransposed operands; nil when it cannot be moved.
  fileprivate func untransposed(
    _ value: ValueID, _ order: [Int], _ patch: inout Patch
  ) -> Patch.Term? {
    guard let tensor = constant(value), tensor.dimensions.count <= order.count else { return nil }
    if tensor.count == 1 { return term(value) }
    let padded =
      [Int](repeating: 1, count: order.count - tensor.dimensions.count) + tensor.dimensions
    var inverse = order
    for (place, axis) in order.enumerated() { inverse[axis] = place }
    var wide = tensor
    wide.dimensions = padded
    guard let moved = wide.transposed(inverse) else { return nil }
    return patch.constant(moved, stem: "\(graph[value].name)_moved")
  }
}

extension Tensor {
  /// The tensor with its axes in another order; nil for elements that are no whole bytes.
  func transposed(_ order: [Int]) -> Tensor? {
    guard let storage, count > 0, storage.count % count == 0 else { return nil }
    let width = storage.count / count
    var strides = [Int](repeating: 1, count: dimensions.count)
    for axis in dimensions.indices.dropLast().reversed() {
      strides[axis] = strides[axis + 1] * dimensions[axis + 1]
    }
    let shape = order.map { dimensions[$0] }
    let steps = order.map { strides[$0] }
    let moved = Storage(count: storage.count) { target in
      for index in 0..<count {
        var rest = index, place = 0
        for axis in shape.indices.reversed() {
          place += rest % shape[axis] * steps[axis]
          rest /= shape[axis]
        }
        for byte in 0..<width {
          target[index * width + byte] = storage.bytes[place * width + byte]
        }
      }
    }
    return Tensor(elementType, shape, moved)
  }
}
