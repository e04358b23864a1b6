package import IR
private import Kernels

/// Attention whose scores and probabilities graphs may change
/// (https://onnx.ai/onnx/operators/onnx_aionnxpreview_FlexAttention.html), a preview.
///
/// Inputs: queries `[B, Hq, L, E]`, keys `[B, Hkv, S, E]`, values `[B, Hkv, S, Ev]`. Output:
/// `[B, Hq, L, Ev]`.
package struct FlexAttention: ValueOperator {
  package static let schema = Schema(
    "FlexAttention", domain: "ai.onnx.preview", opsets: 1...1, inputs: 3...3)
  package let bodies: [Body]
  /// The places of the bodies that change scores and probabilities.
  private let scoreBody: Int?
  private let probabilityBody: Int?
  private let scale: Double?
  /// What scores are given to bodies as; nil for float, or double where operands are.
  private let precision: ElementType?

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    var bodies: [Body] = []
    var places: [Int?] = []
    for name in ["score_mod", "prob_mod"] {
      guard node.has(name) else {
        places.append(nil)
        continue
      }
      let body = try node.body(name)
      try body.require(inputs: 1...1, outputs: 1...1, node.label)
      places.append(bodies.count)
      bodies.append(body)
    }
    self.bodies = bodies
    (scoreBody, probabilityBody) = (places[0], places[1])
    scale = node.has("scale") ? Double(try node.float("scale")) : nil
    precision = try node.elementType("softmax_precision")
  }

  private func precision(for type: ElementType) -> ElementType {
    precision ?? (type == .double ? .double : .float)
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    for index in 0..<3 { try inputs.requireRank(index, 4...4) }
    let (q, k, v) = (inputs.shape(0), inputs.shape(1), inputs.shape(2))
    if let inference = inputs.bodies {
      let scores = TensorType(
        precision(for: inputs.elementType(0)),
        Shape([
          q?[0] ?? .unknown, q?[1] ?? .unknown, q?[2] ?? .unknown, k?[2] ?? .unknown,
        ]))
      for body in bodies.indices {
        _ = try inference.infer(body, [Operand(name: "scores", type: scores)])
      }
    }
    return [
      Inferred(
        inputs.elementType(0),
        Shape([
          q?[0] ?? .unknown, q?[1] ?? .unknown, q?[2] ?? .unknown, v?[3] ?? .unknown,
        ]))
    ]
  }

  package func evaluate(_ call: Call) throws(ModelError) -> [Datum?] {
    let operands = try (0..<3).map { (index) throws(ModelError) -> (Tensor, [Double]) in
      let tensor = try call.tensor(index)
      guard tensor.dimensions.count == 4, let values = tensor.doubles else {
        throw call.mismatch(index, expected: "numbers of rank 4")
      }
      return (tensor, values)
    }
    let q = operands[0].0.dimensions, k = operands[1].0.dimensions, v = operands[2].0.dimensions
    guard k[0] == q[0], k[3] == q[3], k[1] > 0, q[1] % k[1] == 0 else {
      throw call.mismatch(1, expected: "keys for queries of shape \(q)")
    }
    guard v[0] == k[0], v[1] == k[1], v[2] == k[2] else {
      throw call.mismatch(2, expected: "values for keys of shape \(k)")
    }
    let heads = q[0] * q[1], group = q[1] / k[1]
    let shape = [q[0], q[1], q[2], k[2]]
    guard let count = checkedProduct(shape), count <= 1 << 28 else {
      throw ModelError(.limit, "\(call.label): expected scores that fit in memory, found \(shape)")
    }
    let factor = scale ?? 1 / Double(q[3]).squareRoot()
    let type = precision(for: operands[0].0.elementType)
    var scores = headProducts(
      operands[0].1.map { $0 * factor }, operands[1].1, heads: heads, group: group, m: q[2],
      n: k[2], k: q[3], transposed: true)
    if let scoreBody { scores = try changed(scores, shape, type, scoreBody, call) }
    for row in stride(from: 0, to: scores.count, by: max(1, k[2])) {
      let range = row..<row + k[2]
      scores.replaceSubrange(range, with: softmax(Array(scores[range])))
    }
    if let probabilityBody { scores = try changed(scores, shape, type, probabilityBody, call) }
    let y = headProducts(
      scores, operands[2].1, heads: heads, group: group, m: q[2], n: v[3], k: k[2],
      transposed: false)
    let target = [q[0], q[1], q[2], v[3]]
    return [.tensor(try tensor(y, operands[0].0.elementType, target, call))]
  }

  /// What a body makes of scores.
  private func changed(
    _ scores: [Double], _ shape: [Int], _ type: ElementType, _ body: Int, _ call: Call
  ) throws(ModelError) -> [Double] {
    let result = try call.run(body, [.tensor(try tensor(scores, type, shape, call))])
    guard let tensor = result.first?.tensor, tensor.dimensions == shape,
      let values = tensor.doubles
    else {
      throw ModelError(
        .invalid,
        "\(call.label), attribute '\(bodies[body].name)': expected a result of shape \(shape), found"
          + " \(result.first.map { "\($0.type)" } ?? "none")")
    }
    return values
  }

  private func tensor(
    _ values: [Double], _ type: ElementType, _ shape: [Int], _ call: Call
  ) throws(ModelError) -> Tensor {
    guard let format = NumberFormat(type), let bytes = byteCount(type, shape) else {
      throw ModelError(
        .unsupported, "\(call.label): expected a floating-point type, found \(type)")
    }
    let storage = Storage(count: bytes) { target in
      values.withUnsafeBytes { source in
        _ = convert(source, .scalar(.double), into: target, format, count: values.count)
      }
    }
    return Tensor(type, shape, storage)
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .barrier("graphs change the scores of \(inputs.label)")
  }
}

extension FlexAttention {
  package var gradient: Gradient {
    .spelledOut { [self] call throws(ModelError) in
      guard let heads = try call.shape(0)[1].value, let few = try call.shape(1)[1].value else {
        throw call.unknown("the number of heads")
      }
      guard bodies.allSatisfy({ $0.graph.freeNames.isEmpty }) else {
        throw ModelError(.unsupported, "its graphs read values of the graph around them")
      }
      var spelled = try SpelledAttention(
        call, call.input(0), call.input(1), call.input(2), heads: heads, keyHeads: few,
        width: call.shape(0)[3], scale: scale.map { Float($0) })
      let type = precision(for: call.facts.elementType(0))
      func changed(_ body: Int?) -> (Term) throws(ModelError) -> Term {
        guard let body else { return { (term) throws(ModelError) in term } }
        return { (term) throws(ModelError) in
          let made = try call.builder.splice(
            bodies[body].graph, operands: [term.cast(to: type).id])
          let result = Term(call.builder, made[0], TensorType(type, term.type.shape))
          return result.cast(to: term.type.elementType)
        }
      }
      spelled.changes = (changed(scoreBody), changed(probabilityBody))
      return [try spelled.results().y]
    }
  }
}
