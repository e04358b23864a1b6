package import IR
import Kernels

extension Microsoft {
  /// Self-attention with the projection to queries, keys and values before it.
  ///
  /// Inputs: `[batch, positions, hidden]`, the projection's weight `[hidden, 3 · heads · width]` and
  /// bias, mask, past `[2, batch, heads, positions, width]` and an addend of the scores.
  package struct Attention: Operator {
    package static let schema = Schema(
      "Attention", domain: Microsoft.domain, opsets: 1...1,
      signature: """
        1: (T, T, T?, M?, T?, T?, M?) -> (T, T?); <do_rotary: int, mask_filter_value: float,
          num_heads: int!, past_present_share_buffer: int, qkv_hidden_sizes: ints,
          rotary_embedding_dim: int, scale: float, unidirectional: int = 0>; T: float float16
          bfloat16; M: int32
        """)
    package static let traits = Traits(
      auxiliaryInputs: [3],
      attributeDefaults: [
        "mask_filter_value": .float(-10_000), "scale": .float(0), "do_rotary": .int(0),
        "past_present_share_buffer": .int(0),
      ])
    let heads: Int
    let scale: Float?
    let hidden: Float
    let isCausal: Bool
    /// The lengths of queries, keys and values over all heads; nil for thirds of the weight.
    let sizes: [Int]?

    package init(_ node: NodeView, opset: Int) throws(ModelError) {
      try node.refuse(inputsFrom: 6)
      heads = try node.int("num_heads")
      guard heads > 0, heads <= Int(Int32.max) else {
        throw node.mismatch("num_heads", expected: "a positive number", found: "\(heads)")
      }
      let given = try node.float("scale", default: 0)
      scale = given == 0 ? nil : given
      hidden = try node.float("mask_filter_value", default: -10_000)
      isCausal = try node.flag("unidirectional")
      sizes = try node.ints("qkv_hidden_sizes")
      if let sizes {
        let limit = Int(Int32.max), heads = heads
        guard sizes.count == 3, sizes.allSatisfy({ $0 > 0 && $0 < limit && $0 % heads == 0 }),
          sizes[0] == sizes[1]
        else {
          throw node.mismatch(
            "qkv_hidden_sizes", expected: "three multiples of \(heads), the first two alike",
            found: "\(sizes)")
        }
      }
      for name in ["do_rotary", "past_present_share_buffer"] where try node.flag(name) {
        throw ModelError(.unsupported, "\(node.label), attribute '\(name)': expected 0, found 1")
      }
    }

    package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
      let type = inputs.elementType(0)
      try inputs.requireRank(0, 3...3)
      try inputs.requireRank(1, 2...2)
      guard let x = inputs.shape(0) else { return [Inferred(type, nil), Inferred(type, nil)] }
      let third = inputs.shape(1)?[1].floorDivided(by: 3) ?? .unknown
      let width = sizes.map { Dimension.known($0[2]) } ?? third
      let past = inputs.has(4) ? inputs.shape(4)?.dimensions[safe: 3] ?? .unknown : .known(0)
      return [
        Inferred(type, Shape([x[0], x[1], width])),
        Inferred(
          type,
          Shape([2, x[0], .known(heads), past + x[1], width.floorDivided(by: .known(heads))])),
      ]
    }

    package func evaluate(_ context: inout Evaluation) throws(ModelError) {
      let x = try context.floatSource(0, rank: 3...3)
      let weight = try context.floatSource(1, rank: 2...2)
      let columns = weight.shape[1]
      let sizes = sizes ?? [Int](repeating: columns / 3, count: 3)
      guard weight.shape[0] == x.shape[2], sizes.reduce(0, +) == columns,
        sizes.allSatisfy({ $0 % heads == 0 })
      else {
        throw context.mismatch(
          1, expected: "shape [\(x.shape[2]),\(sizes.reduce(0, +))] for \(heads) heads",
          found: "shape \(weight.shape)")
      }
      let (batch, queries) = (x.shape[0], x.shape[1])
      let projected = try Scratch(.float, [batch * queries, columns], label: context.label)
      let product = MatrixProductShape(m: batch * queries, n: columns, k: x.shape[2])
      _ = matrixProduct(product, x, weight, into: projected.target)
      if context.optional(2) != nil {
        let bias = try context.floatSource(2, rank: 1...1)
        guard bias.count == columns,
          binary(.add, projected.source, bias, into: projected.target)
        else {
          throw context.mismatch(2, expected: "shape [\(columns)]", found: "\(bias.shape)")
        }
      }
      func rows(_ part: Int) -> (HeadRows, [Int]) {
        let width = sizes[part] / heads
        let layout = AttentionLayout(batch: queries * columns, head: width, row: columns)
        let all = HeadRows(projected.source, layout, owner: projected)
        return (
          all.advanced(by: sizes[..<part].reduce(0, +)), [batch, heads, queries, width]
        )
      }
      let (key, value) = try caches(context, rows(1), rows(2))
      let width = sizes[2] / heads, keyWidth = sizes[0] / heads
      let (q, _) = rows(0)
      var shape = AttentionShape(
        batch: batch, heads: heads, keyHeads: heads, queries: queries, keys: key.count,
        width: keyWidth, valueWidth: width, query: q.layout, key: key.rows.layout,
        value: value.rows.layout,
        output: AttentionLayout(rows: queries, heads: heads, width: width),
        scale: scale.map { Double($0) } ?? 1 / Double(max(1, keyWidth)).squareRoot())
      shape.behind = isCausal ? 0 : nil
      shape.positions = [Int](repeating: key.count - queries, count: batch)
      let (bias, valid) = try context.maskAndBias(
        mask: 3, value: hidden, bias: 5, batch: batch, heads: heads, queries: queries,
        keys: key.count)
      shape.validKeys = valid
      let y = try context.output(
        0, context.input(0).elementType, [batch, queries, heads * width])
      _ = attention(
        shape, q: q.source, k: key.rows.source, v: value.rows.source, bias: bias?.bias, into: y)
      withExtendedLifetime((projected, key, value, bias)) {}
    }

    /// Keys and values with those of the past, in output 1 where it is asked for.
    private func caches(
      _ context: Evaluation, _ key: (rows: HeadRows, lengths: [Int]),
      _ value: (rows: HeadRows, lengths: [Int])
    ) throws(ModelError) -> (Cache, Cache) {
      let lengths = key.lengths
      var past: [Source?] = [nil, nil]
      if context.optional(4) != nil {
        let given = try context.floatSource(4, rank: 5...5)
        let shape = Array(given.shape.dropFirst())
        guard given.shape[0] == 2, shape[0] == lengths[0], shape[1] == heads,
          shape[3] == lengths[3], key.lengths == value.lengths
        else {
          throw context.mismatch(
            4, expected: "shape [2,\(lengths[0]),\(heads),positions,\(lengths[3])]",
            found: "shape \(given.shape)")
        }
        let half = given.bytes.count / 2
        past = [0, half].map {
          Source(
            .float, shape, UnsafeRawBufferPointer(rebasing: given.bytes[$0..<$0 + half]))
        }
      }
      let total = (past[0]?.shape[2] ?? 0) + lengths[2]
      var targets: [Target?] = [nil, nil]
      if context.wants(1) {
        guard key.lengths == value.lengths else {
          throw ModelError(
            .unsupported, "\(context.label), output 1: keys and values differ in width")
        }
        let shape = [lengths[0], heads, total, lengths[3]]
        let present = try context.output(1, context.input(0).elementType, [2] + shape)
        let half = present.bytes.count / 2
        targets = [0, half].map {
          Target(
            .float, shape, UnsafeMutableRawBufferPointer(rebasing: present.bytes[$0..<$0 + half]))
        }
      }
      return (
        try Cache(key.rows, key.lengths, past: past[0], into: targets[0], label: context.label),
        try Cache(value.rows, value.lengths, past: past[1], into: targets[1], label: context.label)
      )
    }

    /// Rule 9 of pruning.md: the columns of the projection are heads of queries, keys and values.
    package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
      guard let channels = headChannels(inputs, outputs) else {
        return .barrier("the shapes of attention's operands are not known")
      }
      var relations: [ChannelRule.Relation] = [
        .heads(channels), .same(Axis(.input(0), 2), Axis(.input(1), 0)),
        .same(Axis(.input(0), 0), Axis(.output(0), 0)),
        .freeze(Axis(.input(0), 1), reason: "positions are mixed"),
        .freeze(Axis(.output(0), 1), reason: "positions are mixed"),
      ]
      if inputs[1]?.constant != nil {
        relations += [.produces(Axis(.input(1), 1)), .consumes(Axis(.input(1), 0))]
      } else {
        relations.append(.consumes(Axis(.input(0), 2)))
      }
      return ChannelRule(relations)
    }

    /// The lengths of queries, keys and values over all heads.
    private func lengths(_ inputs: Inputs) -> [Int]? {
      if let sizes { return sizes }
      guard inputs.rank(1) == 2, let columns = inputs.shape(1)?[1].value, columns % 3 == 0 else {
        return nil
      }
      return [Int](repeating: columns / 3, count: 3)
    }

    /// Where the heads lie; nil when that is not known.
    private func headChannels(_ inputs: Inputs, _ outputs: [TensorType]) -> AttentionChannels? {
      guard let lengths = lengths(inputs), lengths.allSatisfy({ $0 % heads == 0 }) else {
        return nil
      }
      var channels = AttentionChannels(queryHeads: heads, keyHeads: heads)
      // Queries are made inside, from the weight: elements of theirs could not be masked.
      channels.wholeHeadsOnly = "whole heads go"
      func parts(_ number: Int) -> [AttentionChannels.Place] {
        let start = lengths[..<number].reduce(0, +), width = lengths[number] / heads
        let weight = AttentionChannels.Place.beside(Axis(.input(1), 1), start: start, width: width)
        guard inputs.has(2) else { return [weight] }
        return [weight, .beside(Axis(.input(2), 0), start: start, width: width)]
      }
      channels.queries = parts(0)
      channels.keys = parts(1)
      channels.values = parts(2)
      channels.outputs = [.beside(Axis(.output(0), 2), start: 0, width: lengths[2] / heads)]
      for (port, shape) in [
        (Port.input(4), inputs.shape(4)), (.output(1), outputs[safe: 1]?.shape),
      ]
      where shape?.rank == 5 {
        channels.keys.append(.apart(heads: Axis(port, 2), elements: Axis(port, 4)))
      }
      if let addend = inputs.shape(5), addend.rank == 4, addend[1].value == heads {
        channels.scores = [.apart(heads: Axis(.input(5), 1), elements: nil)]
      }
      return channels
    }

    package func resize(_ cut: Cut) throws(ModelError) -> [NodeEdit] {
      guard let channels = headChannels(cut.inputs, cut.outputs),
        let query = channels.queries.first,
        let lengths = lengths(cut.inputs)
      else { return [] }
      let left = cut.heads(query, count: heads).heads
      guard left != heads else { return [] }
      let count = NodeEdit.attribute("num_heads", .int(left))
      guard sizes != nil else { return [count] }
      return [count, .attribute("qkv_hidden_sizes", .ints(lengths.map { $0 / heads * left }))]
    }

    package func macs(_ inputs: Inputs, _ outputs: [TensorType]) -> Int? {
      guard let x = inputs.shape(0), let rows = x.elementCount.value,
        let columns = inputs.shape(1)?[1].value, let queries = x[1].value, let batch = x[0].value,
        let values = outputs.first?.shape?.dimensions.last?.value, columns >= values,
        let projection = product(rows, columns)
      else { return nil }
      let past = inputs.has(4) ? inputs.shape(4)?.dimensions[safe: 3]?.value : 0
      // The elements of queries and of results, each once for every key.
      guard let past, let positions = product(batch, queries),
        let elements = product(positions, (columns - values) / 2 + values),
        let scores = product(elements, past + queries)
      else { return nil }
      let (sum, overflow) = projection.addingReportingOverflow(scores)
      return overflow ? nil : sum
    }
  }
}

extension Microsoft.Attention {
  package var gradient: Gradient {
    .spelledOut { [self] call throws(ModelError) in try spelledOut(call) }
  }

  private func spelledOut(_ call: GradientCall) throws(ModelError) -> [Term?] {
    guard let lengths = lengths(call.facts), lengths.allSatisfy({ $0 % heads == 0 }) else {
      throw call.unknown("the lengths of queries, keys and values")
    }
    var projected = try call.input(0).times(call.input(1))
    if let bias = call.optional(2) { projected = projected + bias }
    let rank = Shape([Dimension](repeating: .unknown, count: 3))
    let parts = projected.typed(as: TensorType(projected.type.elementType, rank))
      .parts(lengths, axis: 2).map { $0.headsApart(heads) }
    var k = parts[1], v = parts[2]
    var start: Term?
    if let past = call.optional(4) {
      let halves = past.parts([1, 1], axis: 0).map { $0.squeezed([0]) }
      k = halves[0].followed(by: k, axis: 2)
      v = halves[1].followed(by: v, axis: 2)
      start = halves[0].extent(2)
    }
    var spelled = try SpelledAttention(
      call, parts[0], k, v, heads: heads, keyHeads: heads, width: .known(lengths[0] / heads),
      scale: scale)
    try spelled.limit(before: nil, behind: isCausal ? 0 : nil, start: start, valid: nil)
    try spelled.mask(call, integers: 3, value: hidden)
    let past = call.has(4) ? call.facts.shape(4)?.dimensions[safe: 3] ?? .unknown : .known(0)
    try spelled.mask(call, 5, total: past + (try call.shape(0)[1]))
    let present =
      call.wants(1) ? k.unsqueezed([0]).followed(by: v.unsqueezed([0]), axis: 0) : nil
    return [try spelled.results().y.headsBeside, present]
  }
}
