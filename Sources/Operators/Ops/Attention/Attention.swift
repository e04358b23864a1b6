package import IR
import Kernels

/// Scaled dot-product attention over heads, with an optional mask and cache
/// (https://onnx.ai/onnx/operators/onnx__Attention.html).
///
/// Inputs: queries, keys, values, mask, past keys, past values and, from opset 24 on, the number of
/// keys that are no padding. Queries, keys and values are `[batch, heads, positions, width]` or
/// `[batch, positions, heads · width]`.
package struct Attention: Operator {
  package static let schema = Schema(
    "Attention", opsets: 23...28,
    signature: """
      23: (T1, T1, T2, U?, T1?, T2?) -> (T1, T1?, T2?, T1?); <is_causal: int = 0,
        kv_num_heads: int, q_num_heads: int, qk_matmul_output_mode: int = 0, scale: float,
        softcap: float = 0, softmax_precision: int>; T1: floats bfloat16; T2: floats bfloat16;
        U: numbers bool bfloat16
      24: (T1, T1, T2, U?, T1?, T2?, int64?) -> (T1, T1?, T2?, T1?)
      25: <is_causal: int = 0, kv_num_heads: int, left_window_size: int = -1, q_num_heads: int,
        qk_matmul_output_mode: int = 0, right_window_size: int = -1, scale: float,
        softcap: float = 0, softmax_precision: int>
      """)
  package static let traits = Traits(auxiliaryInputs: [3, 6])

  let queryHeads: Int
  let keyHeads: Int
  let scale: Float?
  let softcap: Float
  let isCausal: Bool
  let before: Int?
  let behind: Int?
  let scores: AttentionScores
  /// The type in which weights are computed; nil for that of the queries.
  let softmaxType: ElementType?

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    queryHeads = try node.int("q_num_heads", default: 0)
    keyHeads = try node.int("kv_num_heads", default: 0)
    for (name, value) in [("q_num_heads", queryHeads), ("kv_num_heads", keyHeads)]
    where value < 0 || (value == 0 && node.has(name)) {
      throw node.mismatch(name, expected: "a positive number", found: "\(value)")
    }
    scale = node.has("scale") ? try node.float("scale") : nil
    softcap = try node.float("softcap", default: 0)
    isCausal = try node.flag("is_causal")
    before = try Self.window(node, "left_window_size", opset)
    behind = try Self.window(node, "right_window_size", opset)
    let mode = try node.int("qk_matmul_output_mode", default: 0)
    guard let kind = AttentionScores(rawValue: mode) else {
      throw node.mismatch("qk_matmul_output_mode", expected: "0, 1, 2 or 3", found: "\(mode)")
    }
    scores = kind
    softmaxType = try Self.softmaxType(node)
    guard node.inputs[safe: 4] ?? false == node.inputs[safe: 5] ?? false else {
      throw ModelError(.invalid, "\(node.label): expected past keys and past values, found one")
    }
    guard !(node.inputs[safe: 6] ?? false) || opset >= 24 else {
      throw ModelError(.invalid, "\(node.label): expected at most 6 inputs at this opset, found 7")
    }
  }

  private static func softmaxType(_ node: NodeView) throws(ModelError) -> ElementType? {
    guard node.has("softmax_precision") else { return nil }
    let code = try node.int("softmax_precision")
    let type = ElementType(rawValue: Int32(truncatingIfNeeded: code))
    guard [.float, .float16, .bfloat16, .double].contains(type), Int(type.rawValue) == code else {
      throw node.mismatch(
        "softmax_precision", expected: "a floating-point type", found: "\(code)")
    }
    return type
  }

  private static func window(
    _ node: NodeView, _ name: String, _ opset: Int
  ) throws(ModelError) -> Int? {
    let value = opset >= 25 ? try node.int(name, default: -1) : -1
    guard value >= -1, value <= Int(Int32.max) else {
      throw node.mismatch(name, expected: "-1 or more", found: "\(value)")
    }
    return value < 0 ? nil : value
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    let types = (0..<3).map { inputs.elementType($0) }
    let unknown = [
      Inferred(types[0], nil), Inferred(types[1], nil), Inferred(types[2], nil),
      Inferred(types[0], nil),
    ]
    for index in 0..<3 { try inputs.requireRank(index, 3...4) }
    guard let q = inputs.shape(0), let k = inputs.shape(1), let v = inputs.shape(2) else {
      return unknown
    }
    let mismatch: Mismatch = { inputs.mismatch($0, expected: $1, found: $2) }
    let query = try heads(q, 0, queryHeads, inputs.label, mismatch)
    let key = try heads(k, 1, keyHeads, inputs.label, mismatch)
    let value = try heads(v, 2, keyHeads, inputs.label, mismatch)
    try check(query, key, value, mismatch)
    let total = pastKeys(inputs) + key.rows
    let y =
      q.rank == 3
      ? Shape([query.batch, query.rows, query.heads * value.width])
      : Shape([query.batch, query.heads, query.rows, value.width])
    return [
      Inferred(types[0], y), Inferred(types[1], Shape([key.batch, key.heads, total, key.width])),
      Inferred(types[2], Shape([value.batch, value.heads, total, value.width])),
      Inferred(types[0], Shape([query.batch, query.heads, query.rows, total])),
    ]
  }

  /// The lengths of an operand of either rank.
  private struct Lengths {
    var batch, heads, rows, width: Dimension
  }

  private func heads(
    _ shape: Shape, _ input: Int, _ count: Int, _ label: String, _ mismatch: Mismatch
  ) throws(ModelError) -> Lengths {
    if shape.rank == 4 {
      return Lengths(batch: shape[0], heads: shape[1], rows: shape[2], width: shape[3])
    }
    guard count > 0 else {
      throw ModelError(
        .invalid,
        "\(label): expected attributes 'q_num_heads' and 'kv_num_heads' for input \(input) '\(shape)', found none"
      )
    }
    if let length = shape[2].value, length % count != 0 {
      throw mismatch(input, "a multiple of \(count) along axis 2", "\(shape)")
    }
    return Lengths(
      batch: shape[0], heads: .known(count), rows: shape[1],
      width: shape[2].floorDivided(by: .known(count)))
  }

  private func check(
    _ q: Lengths, _ k: Lengths, _ v: Lengths, _ mismatch: Mismatch
  ) throws(ModelError) {
    func same(
      _ a: Dimension, _ b: Dimension, _ input: Int, _ what: String
    ) throws(ModelError) {
      guard let a = a.value, let b = b.value, a != b else { return }
      throw mismatch(input, "\(what) \(a)", "\(b)")
    }
    try same(q.batch, k.batch, 1, "batch size")
    try same(q.batch, v.batch, 2, "batch size")
    try same(q.width, k.width, 1, "head size")
    try same(k.heads, v.heads, 2, "number of heads")
    try same(k.rows, v.rows, 2, "number of positions")
    if let many = q.heads.value, let few = k.heads.value, few <= 0 || many % few != 0 {
      throw mismatch(1, "a number of heads that divides \(many)", "\(few)")
    }
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    try evaluateAttention(context)
  }

  /// Rule 9 of pruning.md.
  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    guard let heads = headChannels(inputs, outputs) else {
      return .barrier("the shapes of attention's operands are not known")
    }
    var relations: [ChannelRule.Relation] = [.heads(heads)]
    // Removed elements of the keys add nothing to the scores.
    relations += heads.keys.prefix(1).compactMap { $0.axes.last.map { .consumes($0) } }
    return ChannelRule(relations + sharedAxes(inputs, outputs))
  }

  /// Where the heads lie; nil when that is not known.
  private func headChannels(_ inputs: Inputs, _ outputs: [TensorType]) -> AttentionChannels? {
    guard let q = inputs.shape(0), let k = inputs.shape(1), let v = inputs.shape(2),
      let y = outputs.first?.shape, [3, 4].contains(q.rank),
      let many = q.rank == 4 ? q[1].value : queryHeads,
      let few = k.rank == 4 ? k[1].value : keyHeads, many > 0, few > 0, many % few == 0
    else { return nil }
    func place(_ port: Port, _ shape: Shape, _ heads: Int) -> AttentionChannels.Place? {
      if shape.rank == 4 { return .apart(heads: Axis(port, 1), elements: Axis(port, 3)) }
      guard shape.rank == 3, let length = shape[2].value, length % heads == 0 else { return nil }
      return .beside(Axis(port, 2), start: 0, width: length / heads)
    }
    guard let queries = place(.input(0), q, many), let keys = place(.input(1), k, few),
      let values = place(.input(2), v, few), let results = place(.output(0), y, many)
    else { return nil }
    var channels = AttentionChannels(queryHeads: many, keyHeads: few)
    func caches(_ input: Int, _ output: Int) -> [AttentionChannels.Place] {
      var places: [AttentionChannels.Place?] = []
      if let past = inputs.shape(input) { places.append(place(.input(input), past, few)) }
      if let present = outputs[safe: output]?.shape {
        places.append(place(.output(output), present, few))
      }
      return places.compactMap { $0 }
    }
    channels.queries = [queries]
    channels.keys = [keys] + caches(4, 1)
    channels.values = [values] + caches(5, 2)
    channels.outputs = [results]
    if let mask = inputs.shape(3), mask.rank >= 3, mask[mask.rank - 3].value == many {
      channels.scores.append(.apart(heads: Axis(.input(3), mask.rank - 3), elements: nil))
    }
    if outputs[safe: 3]?.shape?.rank == 4 {
      channels.scores.append(.apart(heads: Axis(.output(3), 1), elements: nil))
    }
    return channels
  }

  /// Axes of samples and positions.
  private func sharedAxes(
    _ inputs: Inputs, _ outputs: [TensorType]
  ) -> [ChannelRule.Relation] {
    let samples = (1...2).map { ChannelRule.Relation.same(Axis(.input(0), 0), Axis(.input($0), 0)) }
    let isFlat = inputs.rank(0) == 3
    let positions = (0...2).map {
      ChannelRule.Relation.freeze(Axis(.input($0), isFlat ? 1 : 2), reason: "positions are mixed")
    }
    return samples + [.same(Axis(.input(0), 0), Axis(.output(0), 0))] + positions
      + [.freeze(Axis(.output(0), isFlat ? 1 : 2), reason: "positions are mixed")]
  }

  package func resize(_ cut: Cut) throws(ModelError) -> [NodeEdit] {
    guard let channels = headChannels(cut.inputs, cut.outputs), let query = channels.queries.first,
      let key = channels.keys.first
    else { return [] }
    let many = cut.heads(query, count: channels.queryHeads)
    let few = cut.heads(key, count: channels.keyHeads)
    var edits: [NodeEdit] = []
    if queryHeads > 0, many.heads != queryHeads {
      edits.append(.attribute("q_num_heads", .int(many.heads)))
    }
    if keyHeads > 0, few.heads != keyHeads {
      edits.append(.attribute("kv_num_heads", .int(few.heads)))
    }
    return edits + cut.scale(scale, width: many.width, was: oldWidth(query, cut))
  }

  private func oldWidth(_ place: AttentionChannels.Place, _ cut: Cut) -> Int {
    switch place {
    case .beside(_, _, let width): width
    case .apart(_, let elements):
      elements.flatMap { cut.inputs.shape(0)?[$0.axis].value } ?? 0
    }
  }

  package func macs(_ inputs: Inputs, _ outputs: [TensorType]) -> Int? {
    // Whatever the heads, each element of the queries and of the results takes part once for
    // every key.
    guard let q = inputs.shape(0)?.elementCount.value, let k = inputs.shape(1), k.rank >= 3,
      let y = outputs.first?.shape?.elementCount.value,
      let keys = (k[k.rank - 2] + pastKeys(inputs)).value
    else { return nil }
    let (sum, overflow) = q.addingReportingOverflow(y)
    return overflow ? nil : product(sum, keys)
  }

  /// The number of keys of the past.
  private func pastKeys(_ inputs: Inputs) -> Dimension {
    inputs.has(4) ? inputs.shape(4)?.dimensions[safe: 2] ?? .unknown : .known(0)
  }

  /// The lengths of an evaluation's operands.
  func lengths(
    _ context: Evaluation
  ) throws(ModelError) -> (q: [Int], k: [Int], v: [Int]) {
    let mismatch: Mismatch = { context.mismatch($0, expected: $1, found: $2) }
    var all: [Lengths] = []
    for (index, count) in [queryHeads, keyHeads, keyHeads].enumerated() {
      let shape = try context.input(index).shape
      guard (3...4).contains(shape.count) else {
        throw mismatch(index, "rank 3 or 4", "shape \(shape)")
      }
      all.append(try heads(Shape(shape), index, count, context.label, mismatch))
    }
    try check(all[0], all[1], all[2], mismatch)
    let known = all.map { lengths in
      [lengths.batch, lengths.heads, lengths.rows, lengths.width].map { $0.value ?? 0 }
    }
    return (known[0], known[1], known[2])
  }
}

extension Attention {
  package var gradient: Gradient {
    .spelledOut { [self] call throws(ModelError) in try spelledOut(call) }
  }

  private func spelledOut(_ call: GradientCall) throws(ModelError) -> [Term?] {
    let shapes = [try call.shape(0), try call.shape(1), try call.shape(2)]
    func apart(_ index: Int, _ count: Int) throws(ModelError) -> Term {
      let x = try call.input(index)
      return shapes[index].rank == 4 ? x : x.headsApart(count)
    }
    guard let many = shapes[0].rank == 4 ? shapes[0][1].value : queryHeads,
      let few = shapes[1].rank == 4 ? shapes[1][1].value : keyHeads
    else { throw call.unknown("the number of heads") }
    let q = try apart(0, many)
    var k = try apart(1, few), v = try apart(2, few)
    var start: Term?
    if let past = call.optional(4), let pastValues = call.optional(5) {
      k = past.followed(by: k, axis: 2)
      v = pastValues.followed(by: v, axis: 2)
      start = past.extent(2)
    }
    let valid = call.optional(6)
    if start == nil, let valid { start = valid - q.extent(2) }
    let rows = shapes[1][shapes[1].rank - 2]
    var spelled = try SpelledAttention(
      call, q, k, v, heads: many, keyHeads: few,
      width: shapes[0].rank == 4 ? shapes[0][3] : shapes[0][2].floorDivided(by: .known(many)),
      scale: scale)
    spelled.softcap = Double(softcap)
    try spelled.limit(before: before, behind: isCausal ? 0 : behind, start: start, valid: valid)
    try spelled.mask(call, 3, total: pastKeys(call.facts) + rows)
    let (y, all) = try spelled.results()
    return [
      shapes[0].rank == 4 ? y : y.headsBeside, k, v, call.wants(3) ? all(scores) : nil,
    ]
  }
}

extension Attention {
  package static let revisions: [Revision] = [
    .additive(24),
    .additive(25),
  ]
}
