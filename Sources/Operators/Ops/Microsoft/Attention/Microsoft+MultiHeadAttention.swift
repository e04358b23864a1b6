package import IR
import Kernels

extension Microsoft {
  /// Scaled dot-product attention over heads that lie side by side.
  ///
  /// Inputs: queries, keys, values, bias of the three, mask, addend of the scores, past keys and
  /// past values. Queries `[batch, positions, heads · width]` may hold keys and values too, as
  /// `[batch, positions, heads, 3, width]`, and keys values, as `[batch, positions, heads, 2,
  /// width]`; keys and values may be `[batch, heads, positions, width]`.
  package struct MultiHeadAttention: Operator {
    package static let schema = Schema(
      "MultiHeadAttention", domain: Microsoft.domain, opsets: 1...1,
      signature: """
        1: (T, T?, T?, T?, M?, T?, T?, T?, M?, M?) -> (T, T?, T?, QK?); <mask_filter_value:
          float, num_heads: int!, scale: float, unidirectional: int = 0>; T: float float16
          bfloat16; QK: float float16 bfloat16; M: int32
        """)
    package static let traits = Traits(
      auxiliaryInputs: [4],
      attributeDefaults: ["mask_filter_value": .float(-10_000), "scale": .float(0)])
    let heads: Int
    let scale: Float?
    let hidden: Float
    let isCausal: Bool

    package init(_ node: NodeView, opset: Int) throws(ModelError) {
      try node.refuse(inputsFrom: 8, outputsFrom: 3)
      heads = try node.int("num_heads")
      guard heads > 0, heads <= Int(Int32.max) else {
        throw node.mismatch("num_heads", expected: "a positive number", found: "\(heads)")
      }
      let given = try node.float("scale", default: 0)
      scale = given == 0 ? nil : given
      hidden = try node.float("mask_filter_value", default: -10_000)
      isCausal = try node.flag("unidirectional")
      let (past, value) = (node.inputs[safe: 6] ?? false, node.inputs[safe: 7] ?? false)
      guard past == value else {
        throw ModelError(.invalid, "\(node.label): expected past keys and past values, found one")
      }
    }

    package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
      let type = inputs.elementType(0), count = Dimension.known(heads)
      try inputs.requireRank(0, 3...5)
      guard let q = inputs.shape(0), q.rank != 4 else { return [Inferred(type, nil)] }
      let isPacked = q.rank == 5
      let k = inputs.shape(1), v = inputs.shape(2)
      let width = isPacked ? q[4] : q[2].floorDivided(by: count)
      var valueWidth = isPacked || k?.rank == 5 ? width : Dimension.unknown
      if let v {
        valueWidth = v.rank == 4 ? v[3] : v.dimensions.last?.floorDivided(by: count) ?? .unknown
      }
      let total = pastKeys(inputs) + keyRows(inputs)
      return [
        Inferred(type, Shape([q[0], q[1], count * valueWidth])),
        Inferred(type, Shape([q[0], count, total, width])),
        Inferred(type, Shape([q[0], count, total, valueWidth])),
      ]
    }

    package func evaluate(_ context: inout Evaluation) throws(ModelError) {
      let (q, k, v) = try operands(context)
      guard q.lengths[0] == k.lengths[0], q.lengths[3] == k.lengths[3],
        k.lengths[..<3] == v.lengths[..<3]
      else {
        throw context.mismatch(
          1, expected: "batch \(q.lengths[0]) and width \(q.lengths[3])", found: "\(k.lengths)")
      }
      let label = context.label, type = try context.input(0).elementType
      let pastKey = try context.pastCache(
        6, .float, batch: k.lengths[0], heads: heads, width: k.lengths[3])
      let pastValue = try context.pastCache(
        7, .float, batch: v.lengths[0], heads: heads, width: v.lengths[3])
      let total = (pastKey?.shape[2] ?? 0) + k.lengths[2]
      guard pastKey?.shape[2] == pastValue?.shape[2] else {
        throw context.mismatch(
          7, expected: "\(pastKey?.shape[2] ?? 0) past positions",
          found: "\(pastValue?.shape[2] ?? 0)")
      }
      func target(_ index: Int, _ lengths: [Int]) throws(ModelError) -> Target? {
        guard context.wants(index) else { return nil }
        return try context.output(index, type, [lengths[0], heads, total, lengths[3]])
      }
      let key = try Cache(
        k.rows, k.lengths, past: pastKey, into: target(1, k.lengths), label: label)
      let value = try Cache(
        v.rows, v.lengths, past: pastValue, into: target(2, v.lengths), label: label)
      let width = v.lengths[3], queries = q.lengths[2]
      var shape = AttentionShape(
        batch: q.lengths[0], heads: heads, keyHeads: heads, queries: queries, keys: total,
        width: q.lengths[3], valueWidth: width, query: q.rows.layout, key: key.rows.layout,
        value: value.rows.layout,
        output: AttentionLayout(rows: queries, heads: heads, width: width),
        scale: scale.map { Double($0) } ?? 1 / Double(max(1, q.lengths[3])).squareRoot())
      shape.behind = isCausal ? 0 : nil
      shape.positions = [Int](repeating: total - k.lengths[2], count: q.lengths[0])
      let (bias, valid) = try context.maskAndBias(
        mask: 4, value: hidden, bias: 5, batch: q.lengths[0], heads: heads, queries: queries,
        keys: total)
      shape.validKeys = valid
      let y = try context.output(0, type, [q.lengths[0], queries, heads * width])
      let done = attention(
        shape, q: q.rows.source, k: key.rows.source, v: value.rows.source, bias: bias?.bias,
        into: y)
      withExtendedLifetime((q, k, v, key, value, bias)) {}
      guard done else { throw context.unsupportedTypes([0, 1, 2]) }
    }

    /// Rule 9 of pruning.md.
    package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
      guard let channels = headChannels(inputs, outputs) else {
        return .barrier("the shapes of attention's operands are not known")
      }
      var relations: [ChannelRule.Relation] = [.heads(channels)]
      // Removed elements of the keys add nothing to the scores.
      if channels.wholeHeadsOnly == nil, let axis = channels.keys.first?.axes.last {
        relations.append(.consumes(axis))
      }
      for index in 0..<inputs.count where inputs.has(index) && index != 3 {
        if index > 0, inputs.shape(index)?.dimensions.first == inputs.shape(0)?[0] {
          relations.append(.same(Axis(.input(0), 0), Axis(.input(index), 0)))
        }
        guard index < 3, let rank = inputs.rank(index), rank >= 3 else { continue }
        relations.append(
          .freeze(Axis(.input(index), rank == 4 ? 2 : 1), reason: "positions are mixed"))
      }
      relations += [
        .same(Axis(.input(0), 0), Axis(.output(0), 0)),
        .freeze(Axis(.output(0), 1), reason: "positions are mixed"),
      ]
      return ChannelRule(relations)
    }

    /// Where the heads lie; nil when that is not known.
    private func headChannels(_ inputs: Inputs, _ outputs: [TensorType]) -> AttentionChannels? {
      guard let q = inputs.shape(0), let y = outputs.first?.shape?.dimensions.last?.value else {
        return nil
      }
      var channels = AttentionChannels(queryHeads: heads, keyHeads: heads)
      let result = AttentionChannels.Place.beside(Axis(.output(0), 2), start: 0, width: y / heads)
      channels.outputs = [result]
      func place(_ port: Port, _ shape: Shape?) -> AttentionChannels.Place? {
        guard let shape else { return nil }
        switch shape.rank {
        case 3:
          guard let length = shape[2].value, length % heads == 0 else { return nil }
          return .beside(Axis(port, 2), start: 0, width: length / heads)
        case 4: return .apart(heads: Axis(port, 1), elements: Axis(port, 3))
        case 5: return .apart(heads: Axis(port, 2), elements: Axis(port, 4))
        default: return nil
        }
      }
      guard let queries = place(.input(0), q) else { return nil }
      channels.queries = [queries]
      if q.rank == 5 {
        // One axis holds the elements of all three.
        (channels.keys, channels.values) = ([queries], [queries])
      } else {
        guard let keys = place(.input(1), inputs.shape(1)) else { return nil }
        channels.keys = [keys]
        guard let values = inputs.rank(1) == 5 ? keys : place(.input(2), inputs.shape(2)) else {
          return nil
        }
        channels.values = [values]
      }
      if inputs.has(3), q.rank == 3, let width = q[2].value {
        // A bias under removed elements would still shift the scores.
        channels.wholeHeadsOnly = "its bias is added to removed elements too"
        let bias = Axis(.input(3), 0)
        channels.queries.append(.beside(bias, start: 0, width: width / heads))
        channels.keys.append(.beside(bias, start: width, width: width / heads))
        channels.values.append(.beside(bias, start: 2 * width, width: y / heads))
      }
      if let addend = inputs.shape(5), addend.rank == 4, addend[1].value == heads {
        channels.scores = [.apart(heads: Axis(.input(5), 1), elements: nil)]
      }
      for (input, output) in [(6, 1), (7, 2)] {
        var caches: [AttentionChannels.Place] = []
        if let past = place(.input(input), inputs.shape(input)) { caches.append(past) }
        if let present = place(.output(output), outputs[safe: output]?.shape) {
          caches.append(present)
        }
        if output == 1 { channels.keys += caches } else { channels.values += caches }
      }
      return channels
    }

    package func resize(_ cut: Cut) throws(ModelError) -> [NodeEdit] {
      guard let channels = headChannels(cut.inputs, cut.outputs), let query = channels.queries.first
      else { return [] }
      let left = cut.heads(query, count: heads)
      let old =
        switch query {
        case .beside(_, _, let width): width
        case .apart: cut.inputs.shape(0)?.dimensions.last?.value ?? 0
        }
      let count: [NodeEdit] =
        left.heads == heads ? [] : [.attribute("num_heads", .int(left.heads))]
      return count + cut.scale(scale, width: left.width, was: old)
    }

    package func macs(_ inputs: Inputs, _ outputs: [TensorType]) -> Int? {
      guard let q = inputs.shape(0), let all = q.elementCount.value,
        let y = outputs.first?.shape?.elementCount.value,
        let keys = (keyRows(inputs) + pastKeys(inputs)).value
      else { return nil }
      let (sum, overflow) = (q.rank == 5 ? all / 3 : all).addingReportingOverflow(y)
      return overflow ? nil : product(sum, keys)
    }

    /// The number of keys.
    private func keyRows(_ inputs: Inputs) -> Dimension {
      if inputs.rank(0) == 5 { return inputs.shape(0)?[1] ?? .unknown }
      guard let k = inputs.shape(1), k.rank >= 3 else { return .unknown }
      return k.rank == 4 ? k[2] : k[1]
    }

    /// The number of keys of the past.
    private func pastKeys(_ inputs: Inputs) -> Dimension {
      inputs.has(6) ? inputs.shape(6)?.dimensions[safe: 2] ?? .unknown : .known(0)
    }
  }
}

extension Microsoft.MultiHeadAttention {
  package var gradient: Gradient {
    .spelledOut { [self] call throws(ModelError) in try spelledOut(call) }
  }

  private func spelledOut(_ call: GradientCall) throws(ModelError) -> [Term?] {
    let (q, newKeys, newValues) = try spelledOperands(call)
    var k = newKeys, v = newValues
    var start: Term?
    if let past = call.optional(6), let pastValues = call.optional(7) {
      k = past.followed(by: k, axis: 2)
      v = pastValues.followed(by: v, axis: 2)
      start = past.extent(2)
    }
    let shape = try call.shape(0)
    var spelled = try SpelledAttention(
      call, q, k, v, heads: heads, keyHeads: heads,
      width: shape.rank == 5 ? shape[4] : shape[2].floorDivided(by: .known(heads)), scale: scale)
    try spelled.limit(before: nil, behind: isCausal ? 0 : nil, start: start, valid: nil)
    try spelled.mask(call, integers: 4, value: hidden)
    try spelled.mask(call, 5, total: keyRows(call.facts) + pastKeys(call.facts))
    return [try spelled.results().y.headsBeside, k, v]
  }

  /// Queries, keys and values, `[batch, heads, positions, width]`.
  private func spelledOperands(
    _ call: GradientCall
  ) throws(ModelError) -> (q: Term, k: Term, v: Term) {
    func packed(_ x: Term, _ count: Int) -> [Term] {
      x.parts([Int](repeating: 1, count: count), axis: 3)
        .map { $0.squeezed([3]).transposed([0, 2, 1, 3]) }
    }
    let first = try call.input(0), shape = try call.shape(0)
    if shape.rank == 5 {
      let parts = packed(first, 3)
      return (parts[0], parts[1], parts[2])
    }
    let second = try call.input(1), rank = try call.shape(1).rank
    if rank == 5 {
      let parts = packed(second, 2)
      return (first.headsApart(heads), parts[0], parts[1])
    }
    var rows = [first, second, try call.input(2)]
    if let bias = call.optional(3) {
      let last = try call.shape(2)
      guard let width = shape[2].value,
        let values = last.rank == 4 ? last[3].value.map({ $0 * heads }) : last[2].value
      else { throw call.unknown("the widths of its operands") }
      let parts = bias.parts([width, width, values], axis: 0)
      rows[0] = rows[0] + parts[0]
      if rank == 3 {
        rows[1] = rows[1] + parts[1]
        rows[2] = rows[2] + parts[2]
      }
    }
    return (
      rows[0].headsApart(heads), rank == 4 ? rows[1] : rows[1].headsApart(heads),
      rank == 4 ? rows[2] : rows[2].headsApart(heads)
    )
  }
}
