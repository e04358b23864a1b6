package import IR
private import Kernels

/// Attention without a softmax, whose state goes from position to position
/// (https://onnx.ai/onnx/operators/onnx__LinearAttention.html).
///
/// Inputs: queries `[B, T, Hq·dk]`, keys `[B, T, Hkv·dk]`, values `[B, T, Hkv·dv]`, the state
/// `[B, Hkv, dk, dv]`, logarithms of decays, rates of updates. Outputs: `[B, T, Hq·dv]` and the state.
package struct LinearAttention: Operator {
  package static let schema = Schema(
    "LinearAttention", opsets: 27...28,
    signature: """
      27: (T, T, T, S?, T?, T?) -> (T, S); <chunk_size: int = 64, kv_num_heads: int!,
        q_num_heads: int!, scale: float = 0, update_rule: string = gated_delta>;
        T: float float16 bfloat16; S: float float16 bfloat16
      """)
  private let queryHeads: Int
  private let keyHeads: Int
  private let scale: Float
  private let rule: Rule

  private enum Rule: String, CaseIterable {
    case linear, gated, delta
    case gatedDelta = "gated_delta"

    var decays: Bool { self == .gated || self == .gatedDelta }
    var corrects: Bool { self == .delta || self == .gatedDelta }
  }

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    queryHeads = try node.int("q_num_heads")
    keyHeads = try node.int("kv_num_heads")
    scale = try node.float("scale", default: 0)
    rule = try node.choice("update_rule", default: .gatedDelta)
    guard keyHeads > 0, queryHeads > 0, queryHeads < 1 << 20, queryHeads % keyHeads == 0 else {
      throw node.mismatch(
        "q_num_heads", expected: "a multiple of kv_num_heads \(keyHeads)", found: "\(queryHeads)")
    }
    for (input, name, isNeeded) in [(4, "decays", rule.decays), (5, "rates", rule.corrects)]
    where isNeeded && !(node.inputs[safe: input] ?? false) {
      throw ModelError(
        .invalid, "\(node.label), input \(input): expected \(name) for its rule, found none")
    }
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    for index in 0..<3 { try inputs.requireRank(index, 3...3) }
    try inputs.requireRank(3, 4...4)
    let (q, k, v) = (inputs.shape(0), inputs.shape(1), inputs.shape(2))
    for (index, heads) in [queryHeads, keyHeads, keyHeads].enumerated() {
      guard let length = inputs.shape(index)?[2].value, length % heads != 0 else { continue }
      throw inputs.mismatch(
        index, expected: "a multiple of \(heads) along axis 2", found: "\(inputs.type(index))")
    }
    let width =
      (q?[2].floorDivided(by: .known(queryHeads)))
      ?? k?[2].floorDivided(by: .known(keyHeads)) ?? .unknown
    let valueWidth = v?[2].floorDivided(by: .known(keyHeads)) ?? .unknown
    let rows = q ?? k ?? v
    let (batch, steps) = (rows?[0] ?? .unknown, rows?[1] ?? .unknown)
    let stateType = inputs.shape(3) == nil ? inputs.elementType(0) : inputs.elementType(3)
    return [
      Inferred(inputs.elementType(0), Shape([batch, steps, valueWidth * .known(queryHeads)])),
      Inferred(stateType, Shape([batch, .known(keyHeads), width, valueWidth])),
    ]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let q = try context.input(0).shape, k = try context.input(1).shape
    let v = try context.input(2).shape
    try context.require(q.count == 3 && q[2] % queryHeads == 0, 0, "[B, T, \(queryHeads)·dk]")
    let width = q[2] / queryHeads
    try context.require(k == [q[0], q[1], keyHeads * width], 1, "the keys of these queries")
    try context.require(
      v.count == 3 && v[0] == q[0] && v[1] == q[1] && v[2] % keyHeads == 0, 2,
      "\(keyHeads) values for each of the keys")
    let valueWidth = v[2] / keyHeads
    let shape = LinearAttentionShape(
      batch: q[0], steps: q[1], queryHeads: queryHeads, keyHeads: keyHeads, width: width,
      valueWidth: valueWidth)
    let stateShape = [q[0], keyHeads, width, valueWidth]
    let outputShape = [q[0], q[1], queryHeads * valueWidth]
    _ = try context.numberCount(outputShape)
    var state = [Float](repeating: 0, count: try context.numberCount(stateShape))
    if context.optional(3) != nil {
      try context.require(try context.input(3).shape == stateShape, 3, "shape \(stateShape)")
      state = try context.floats(3).array(of: Float.self)
    }
    let y = linearAttention(
      shape, q: try context.floats(0).array(of: Float.self),
      k: try context.floats(1).array(of: Float.self),
      v: try context.floats(2).array(of: Float.self), try gates(context, q),
      scale: scale == 0 ? 1 / Float(width).squareRoot() : scale, state: &state)
    try context.write(y.map { Double($0) }, .float, outputShape)
    if context.wants(1) {
      try context.write(state.map { Double($0) }, output: 1, .float, stateShape)
    }
  }

  private func gates(
    _ context: Evaluation, _ q: [Int]
  ) throws(ModelError) -> LinearAttentionGates {
    var gates = LinearAttentionGates()
    func rows(_ index: Int, _ widths: [Int]) throws(ModelError) -> [Float] {
      let shape = try context.input(index).shape
      try context.require(
        shape.count == 3 && shape[0] == q[0] && shape[1] == q[1] && widths.contains(shape[2]),
        index,
        "shape [\(q[0]), \(q[1]), \(widths[0])]")
      return try context.floats(index).array(of: Float.self)
    }
    if rule.decays {
      gates.decay = try rows(4, [keyHeads, keyHeads * (q[2] / queryHeads)])
      gates.decayWidth = try context.input(4).shape[2]
    }
    if rule.corrects {
      gates.rate = try rows(5, [keyHeads, 1])
      gates.rateWidth = try context.input(5).shape[2]
    }
    return gates
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .barrier("heads of linear attention share states")
  }

  package func macs(_ inputs: Inputs, _ outputs: [TensorType]) -> Int? {
    guard let q = inputs.shape(0)?.elementCount.value, let k = inputs.shape(1)?.elementCount.value,
      let valueWidth = inputs.shape(2)?[2].value
    else { return nil }
    // Each element of a key meets each of a value in the update, each of a query in the reading.
    return product(q + (rule.corrects ? 2 : 1) * k, valueWidth / keyHeads)
  }
}

extension LinearAttention {
  /// A Scan over positions.
  package var gradient: Gradient {
    .spelledOut { [self] call throws(ModelError) in
      guard let width = try call.shape(0)[2].value.map({ $0 / queryHeads }) else {
        throw call.unknown("the width of a head")
      }
      let builder = call.builder, group = queryHeads / keyHeads
      let q = try call.input(0)
      var rows = [
        q.reshaped([0, 0, keyHeads, group, -1]),
        try call.input(1).reshaped([0, 0, keyHeads, -1, 1]),
        try call.input(2).reshaped([0, 0, keyHeads, 1, -1]),
      ]
      if rule.decays { rows.append(try call.input(4).exp.reshaped([0, 0, keyHeads, -1, 1])) }
      if rule.corrects { rows.append(try call.input(5).reshaped([0, 0, -1, 1, 1])) }
      let type = TensorType(
        q.type.elementType, Shape([.unknown, .known(keyHeads), .unknown, .unknown]))
      let first = call.optional(3)?.cast(to: type.elementType) ?? none(rows, width, type)
      let step = GraphBuilder(
        Graph(name: "step"), opset: builder.opset, isPortable: builder.isPortable,
        stem: builder.stem + "_in")
      let state = step.input("state", type)
      let slices = rows.map { _ in step.input("slice", type) }
      let (next, y) = self.step(
        state, slices, factor: scale == 0 ? 1 / Double(width).squareRoot() : Double(scale))
      step.output("next", next)
      step.output("y", y)
      let axes = Attribute("scan_input_axes", .ints(rows.map { _ in 1 }))
      let made = builder.node(
        Scan.schema.op, [first.id] + rows.map(\.id), bodies: [("body", step)],
        [
          Attribute("num_scan_inputs", .int(rows.count)), axes,
          Attribute("scan_output_axes", .ints([1])),
        ], outputs: 2)
      let all = Term(builder, made[1], TensorType(type.elementType, nil)).reshaped([0, 0, -1])
      let last = Term(builder, made[0], type)
      return [all, call.wants(1) ? last.cast(to: call.types[1].elementType) : nil]
    }
  }

  /// A state of zeros.
  private func none(_ rows: [Term], _ width: Int, _ type: TensorType) -> Term {
    let builder = rows[0].builder
    let lengths = builder.joined(
      [rows[0].extent(0), builder.integers([keyHeads, width]), rows[2].extent(4)], axis: 0)
    return rows[0].number(0).apply(Expand.self, [lengths], as: type)
  }

  /// The state after a position, and what the queries read of it.
  private func step(_ state: Term, _ slices: [Term], factor: Double) -> (next: Term, y: Term) {
    let (q, k) = (slices[0], slices[1])
    let decayed = rule.decays ? state * slices[3] : state
    var change = slices[2]
    if rule.corrects, let rate = slices.last {
      change = rate * (change - k.transposed([0, 1, 3, 2]).times(decayed))
    }
    let next = (decayed + k * change).typed(as: state.type)
    return (next, (q.times(next) * factor).typed(as: state.type))
  }
}
