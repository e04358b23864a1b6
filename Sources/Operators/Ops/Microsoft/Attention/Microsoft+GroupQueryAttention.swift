package import IR
import Kernels

extension Microsoft {
  /// Causal attention in which several heads of queries share one of keys and values, over a cache.
  ///
  /// Inputs: queries `[batch, positions, heads · width]` (or queries, keys and values side by side),
  /// keys, values, past keys and values `[batch, heads, positions, width]`, for each sample the
  /// position of its last key, the number of all positions, cosines, sines, positions, an addend of
  /// the scores, and for each head the score of no key at all.
  package struct GroupQueryAttention: Operator {
    package static let schema = Schema(
      "GroupQueryAttention", domain: Microsoft.domain, opsets: 1...1,
      signature: """
        1: (T, T?, T?, T_CACHE?, T_CACHE?, M, M, T?, T?, int64?, T?, T?, T_KV_SCALE?,
          T_KV_SCALE?, T?, T?) -> (T, T_CACHE?, T_CACHE?, T?); <causal: int = 1, do_rotary: int,
          k_quant_type: string = NONE, kv_cache_bit_width: int, kv_num_heads: int!,
          local_window_size: int = -1, num_heads: int!, qk_norm_epsilon: float = 1e-6, qk_output:
          int = 0, rotary_interleaved: int, scale: float, sliding_window_cache: int = 0,
          smooth_softmax: int = -1, softcap: float, v_quant_type: string = NONE>; T: float16
          bfloat16 float; T_CACHE: float float16 bfloat16 uint8 int8 float8e4m3fn; T_KV_SCALE:
          float; M: int32
        """)
    package static let traits = Traits(
      auxiliaryInputs: [5, 6, 7, 8, 9],
      attributeDefaults: [
        "do_rotary": .int(0), "rotary_interleaved": .int(0), "scale": .float(0),
        "softcap": .float(0),
      ])
    let heads: Int
    let keyHeads: Int
    let scale: Float?
    let softcap: Float
    /// How many positions a query sees, its own included; nil for all.
    let window: Int?
    let turns: Bool
    let isInterleaved: Bool
    let isSmooth: Bool

    package init(_ node: NodeView, opset: Int) throws(ModelError) {
      try node.refuse(inputsFrom: 12, outputsFrom: 3)
      heads = try node.int("num_heads")
      keyHeads = try node.int("kv_num_heads")
      guard heads > 0, heads <= Int(Int32.max) else {
        throw node.mismatch("num_heads", expected: "a positive number", found: "\(heads)")
      }
      guard keyHeads > 0, heads % keyHeads == 0 else {
        throw node.mismatch(
          "kv_num_heads", expected: "a divisor of \(heads)", found: "\(keyHeads)")
      }
      let given = try node.float("scale", default: 0)
      scale = given == 0 ? nil : given
      softcap = try node.float("softcap", default: 0)
      let size = try node.int("local_window_size", default: -1)
      guard size >= -1, size <= Int(Int32.max) else {
        throw node.mismatch("local_window_size", expected: "-1 or more", found: "\(size)")
      }
      window = size < 0 ? nil : size
      turns = try node.flag("do_rotary")
      isInterleaved = try node.flag("rotary_interleaved")
      isSmooth = try node.int("smooth_softmax", default: 0) > 0
      for (name, only) in [("qk_output", 0), ("sliding_window_cache", 0), ("causal", 1)] {
        let found = try node.int(name, default: only)
        guard found == only else {
          throw ModelError(
            .unsupported, "\(node.label), attribute '\(name)': expected \(only), found \(found)")
        }
      }
      for name in ["k_quant_type", "v_quant_type"] {
        let found = try node.string(name, default: "NONE")
        guard found == "NONE" else {
          throw ModelError(
            .unsupported, "\(node.label), attribute '\(name)': expected NONE, found '\(found)'")
        }
      }
      let rows = (1...4).map { node.inputs[safe: $0] ?? false }
      guard rows[0] == rows[1], rows[2] == rows[3] else {
        throw ModelError(.invalid, "\(node.label): expected keys and values, found one of the two")
      }
      for index in [7, 8] where turns && !(node.inputs[safe: index] ?? false) {
        throw ModelError(
          .invalid, "\(node.label), input \(index): expected cosines and sines, found none")
      }
    }

    package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
      let type = inputs.elementType(0)
      try inputs.requireRank(0, 3...3)
      guard let q = inputs.shape(0) else {
        return [Inferred(type, nil), Inferred(type, nil), Inferred(type, nil)]
      }
      let all = Dimension.known(inputs.has(1) ? heads : heads + 2 * keyHeads)
      let width = q[2].floorDivided(by: all)
      let total = inputs.knownIntegers(6)?.first.map { Dimension.known($0) } ?? .unknown
      let past = inputs.has(3) ? inputs.shape(3)?.dimensions[safe: 2] ?? .unknown : .known(0)
      let cache = Shape([q[0], .known(keyHeads), .maximum(past, total), width])
      return [
        Inferred(type, Shape([q[0], q[1], .known(heads) * width])), Inferred(type, cache),
        Inferred(type, cache),
      ]
    }

    package func evaluate(_ context: inout Evaluation) throws(ModelError) {
      let operands = try GroupQueryOperands(context, heads: heads, keyHeads: keyHeads)
      var query = operands.query, key = operands.key
      if turns {
        query = try rotated(context, query, operands, heads: heads)
        key = try rotated(context, key, operands, heads: keyHeads)
      }
      let type = try context.input(0).elementType
      let k = try operands.cache(context, key, past: 3, output: 1, type)
      let v = try operands.cache(context, operands.value, past: 4, output: 2, type)
      let width = operands.width
      var shape = AttentionShape(
        batch: operands.batch, heads: heads, keyHeads: keyHeads, queries: operands.queries,
        keys: operands.capacity, width: width, valueWidth: width, query: query.layout,
        key: k.layout, value: v.layout,
        output: AttentionLayout(rows: operands.queries, heads: heads, width: width),
        scale: scale.map { Double($0) } ?? 1 / Double(max(1, width)).squareRoot())
      shape.softcap = Double(softcap)
      shape.positions = operands.past
      shape.behind = 0
      shape.before = window.map { max(0, $0 - 1) }
      if isSmooth { shape.sinks = [Double](repeating: 0, count: heads) }
      if context.optional(11) != nil {
        shape.sinks = try context.floats(11).array(of: Float.self).map { Double($0) }
        guard shape.sinks.count == heads else {
          throw context.mismatch(
            11, expected: "\(heads) elements", found: "\(shape.sinks.count)")
        }
      }
      let bias = try context.attentionBias(
        10, .float, batch: operands.batch, heads: heads, queries: operands.queries,
        keys: operands.capacity)
      let y = try context.output(
        0, type, [operands.batch, operands.queries, heads * width])
      let done = attention(
        shape, q: query.source, k: k.source, v: v.source, bias: bias?.bias, into: y)
      withExtendedLifetime((operands, query, k, v, bias)) {}
      guard done else { throw context.unsupportedTypes([0]) }
    }

    /// Rows turned by the angles of their positions.
    private func rotated(
      _ context: Evaluation, _ rows: HeadRows, _ operands: GroupQueryOperands, heads: Int
    ) throws(ModelError) -> HeadRows {
      let cosines = try context.floatSource(7, rank: 2...2)
      let sines = try context.floatSource(8, rank: 2...2)
      let half = cosines.shape[1], table = cosines.shape[0]
      guard sines.shape == cosines.shape, 2 * half <= operands.width else {
        throw context.mismatch(
          8, expected: "shape \(cosines.shape) within heads of width \(operands.width)",
          found: "shape \(sines.shape)")
      }
      let tokens = operands.queries
      var places = try context.integers(9) ?? []
      if places.isEmpty {
        places = (0..<operands.batch * tokens).map { operands.past[$0 / tokens] + $0 % tokens }
      }
      guard places.count == operands.batch * tokens,
        places.allSatisfy({ (0..<table).contains($0) })
      else {
        throw context.mismatch(
          7, expected: "cosines for \(operands.batch * tokens) positions to \(places.max() ?? 0)",
          found: "\(table)")
      }
      let width = operands.width
      let scratch = try Scratch(
        .float, [operands.batch, tokens, heads, width], label: context.label)
      let from = rows.source.elements(Float.self), to = scratch.target.elements(Float.self)
      guard let from = from.baseAddress, let to = to.baseAddress,
        let cosines = cosines.elements(Float.self).baseAddress,
        let sines = sines.elements(Float.self).baseAddress
      else { return rows }
      for row in 0..<operands.batch * tokens {
        for head in 0..<heads {
          let start =
            row / tokens * rows.layout.batch + head * rows.layout.head
            + row % tokens * rows.layout.row
          rotatePairs(
            from + start, to + (row * heads + head) * width, width: width, half: half,
            cosines: cosines + places[row] * half, sines: sines + places[row] * half,
            interleaved: isInterleaved)
        }
      }
      return HeadRows(
        scratch.source, AttentionLayout(rows: tokens, heads: heads, width: width), owner: scratch)
    }

    /// Rule 9 of pruning.md: a head of keys and values goes with the heads of queries that share it.
    package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
      guard let channels = headChannels(inputs, outputs) else {
        return .barrier("the shapes of attention's operands are not known")
      }
      var relations: [ChannelRule.Relation] = [
        .heads(channels), .same(Axis(.input(0), 0), Axis(.output(0), 0)),
        .freeze(Axis(.input(0), 1), reason: "positions are mixed"),
        .freeze(Axis(.output(0), 1), reason: "positions are mixed"),
      ]
      for index in [1, 2] where inputs.has(index) {
        relations += [
          .same(Axis(.input(0), 0), Axis(.input(index), 0)),
          .freeze(Axis(.input(index), 1), reason: "positions are mixed"),
        ]
      }
      return ChannelRule(relations)
    }

    /// Where the heads lie; nil when that is not known.
    private func headChannels(_ inputs: Inputs, _ outputs: [TensorType]) -> AttentionChannels? {
      let isPacked = !inputs.has(1)
      guard let length = inputs.shape(0)?.dimensions.last?.value,
        let y = outputs.first?.shape?.dimensions.last?.value, y % heads == 0,
        isPacked || (inputs.rank(1) == 3 && inputs.rank(2) == 3)
      else { return nil }
      let width = length / (isPacked ? heads + 2 * keyHeads : heads)
      func beside(_ port: Port, start: Int = 0) -> AttentionChannels.Place {
        .beside(Axis(port, 2), start: start, width: width)
      }
      var channels = AttentionChannels(queryHeads: heads, keyHeads: keyHeads)
      // Runtimes want the width of a head to be a multiple of 8, and rotation pairs its elements.
      channels.wholeHeadsOnly = "whole heads go"
      channels.queries = [beside(.input(0))]
      channels.outputs = [beside(.output(0))]
      channels.keys = [
        isPacked ? beside(.input(0), start: heads * width) : beside(.input(1))
      ]
      channels.values = [
        isPacked ? beside(.input(0), start: (heads + keyHeads) * width) : beside(.input(2))
      ]
      for (input, output) in [(3, 1), (4, 2)] {
        let ports: [(Port, Shape?)] = [
          (.input(input), inputs.shape(input)), (.output(output), outputs[safe: output]?.shape),
        ]
        for (port, shape) in ports where shape?.rank == 4 {
          channels.keys.append(.apart(heads: Axis(port, 1), elements: Axis(port, 3)))
        }
      }
      if let addend = inputs.shape(10), addend.rank == 4, addend[1].value == heads {
        channels.scores.append(.apart(heads: Axis(.input(10), 1), elements: nil))
      }
      if inputs.rank(11) == 1 {
        channels.scores.append(.apart(heads: Axis(.input(11), 0), elements: nil))
      }
      return channels
    }

    package func resize(_ cut: Cut) throws(ModelError) -> [NodeEdit] {
      guard let channels = headChannels(cut.inputs, cut.outputs),
        let query = channels.queries.first, let key = channels.keys.first
      else { return [] }
      let many = cut.heads(query, count: heads).heads
      let few = cut.heads(key, count: keyHeads).heads
      var edits: [NodeEdit] = []
      if many != heads { edits.append(.attribute("num_heads", .int(many))) }
      if few != keyHeads { edits.append(.attribute("kv_num_heads", .int(few))) }
      return edits
    }

    package func macs(_ inputs: Inputs, _ outputs: [TensorType]) -> Int? {
      guard let y = outputs.first?.shape?.elementCount.value, let types = try? infer(inputs),
        let keys = types[1].type.shape?[2].value
      else { return nil }
      return product(y, 2).flatMap { product($0, keys) }
    }
  }
}

extension Microsoft.GroupQueryAttention {
  package var gradient: Gradient {
    .spelledOut { [self] call throws(ModelError) in try spelledOut(call) }
  }

  private func spelledOut(_ call: GradientCall) throws(ModelError) -> [Term?] {
    guard call.builder.opset >= 11, let length = try call.shape(0)[2].value else {
      throw call.unknown("the width of a head, at operator set 11 or later")
    }
    let isPacked = !call.has(1)
    let width = length / (isPacked ? heads + 2 * keyHeads : heads)
    var rows =
      isPacked
      ? try call.input(0).parts([heads * width, keyHeads * width, keyHeads * width], axis: 2)
      : [try call.input(0), try call.input(1), try call.input(2)]
    rows = zip(rows, [heads, keyHeads, keyHeads]).map { $0.headsApart($1) }
    let tokens = rows[0].extent(2)
    let total = try call.input(6).cast(to: .int64).reshaped([1])
    let last = try call.input(5).cast(to: .int64).reshaped([-1])
    // At the start, positions are counted from 0; later, each sample ends with the new ones.
    let past = total.isEqual(tokens).apply(
      Where.self, [last.number(0), last + 1 - tokens], as: last.type)
    if turns {
      var places = tokens.places.unsqueezed([0]) + past.unsqueezed([1])
      if let given = call.optional(9) {
        let lengths = call.builder.joined([call.builder.integers([-1]), tokens], axis: 0)
        places = given.apply(Reshape.self, [lengths], as: places.type)
      }
      guard let half = try call.shape(7)[1].value else { throw call.unknown("what turns") }
      let tables = try [7, 8].map { (index) throws(ModelError) in
        try call.input(index).gathered(places).unsqueezed([1])
      }
      for index in 0..<2 {
        rows[index] = rows[index].turned(
          cosines: tables[0], sines: tables[1], half: half, width: width,
          isInterleaved: isInterleaved)
      }
    }
    let k = cached(call, rows[1], past: 3, total, before: past)
    let v = cached(call, rows[2], past: 4, total, before: past)
    var spelled = try SpelledAttention(
      call, rows[0], k, v, heads: heads, keyHeads: keyHeads, width: .known(width), scale: scale)
    spelled.softcap = Double(softcap)
    try spelled.limit(
      before: window.map { max(0, $0 - 1) }, behind: 0, start: past, valid: nil)
    try spelled.mask(call, 10, total: .unknown)
    spelled.sinks = call.optional(11) ?? (isSmooth ? noSinks(call) : nil)
    return [try spelled.results().y.headsBeside, k, v]
  }

  private func noSinks(_ call: GradientCall) -> Term {
    let zeros = [Float](repeating: 0, count: heads)
    return call.builder.constant("sinks", Tensor(floats: zeros, [heads]))
      .cast(to: call.facts.elementType(0))
  }

  /// The cache with new rows behind those of each sample's past.
  private func cached(
    _ call: GradientCall, _ new: Term, past index: Int, _ total: Term, before: Term
  ) -> Term {
    let builder = call.builder
    let given = call.optional(index)
    let capacity = given.map { total.apply(Max.self, [$0.extent(2)], as: total.type) } ?? total
    // Where a place of the cache lies among the new rows.
    let place = capacity.places.unsqueezed([0]) - before.unsqueezed([1])
    let isNew = place.isAbove(-1).and(place.isBelow(new.extent(2)))
    let lengths = builder.joined(
      [new.extent(0), builder.integers([keyHeads]), capacity, new.extent(3)], axis: 0)
    let source = isNew.select(place).unsqueezed([1, 3]).apply(
      Expand.self, [lengths], as: TensorType(.int64, nil))
    let moved = new.apply(
      GatherElements.self, [source], [Attribute("axis", .int(2))],
      as: TensorType(new.type.elementType, nil))
    var old = new.number(0)
    if let given {
      let pads = builder.joined(
        [builder.integers([0, 0, 0, 0, 0, 0]), capacity - given.extent(2), builder.integers([0])],
        axis: 0)
      old = given.apply(Pad.self, [pads], as: TensorType(new.type.elementType, nil))
    }
    return isNew.unsqueezed([1, 3]).apply(
      Where.self, [moved, old],
      as: TensorType(
        new.type.elementType, Shape([.unknown, .known(keyHeads), .unknown, .unknown])))
  }
}
