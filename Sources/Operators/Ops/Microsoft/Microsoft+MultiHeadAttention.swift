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
    package static let auxiliaryInputs: Set<Int> = [4]
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

    package static func attributeDefaults(opset: Int) -> [String: AttributeValue] {
      ["mask_filter_value": .float(-10_000), "scale": .float(0)]
    }

    package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
      let type = inputs.elementType(0), count = Dimension.known(heads)
      try inputs.requireRank(0, 3...5)
      guard let q = inputs.shape(0), q.rank != 4 else { return [Inferred(type, nil)] }
      let isPacked = q.rank == 5
      let k = inputs.shape(1), v = inputs.shape(2)
      let width = isPacked ? q[4] : q[2].floorDivided(by: count)
      var rows = isPacked ? q[1] : Dimension.unknown, valueWidth = isPacked ? width : .unknown
      if let k, !isPacked {
        rows = k.rank == 4 ? k[2] : k.rank >= 2 ? k[1] : .unknown
        if k.rank == 5 { valueWidth = width }
      }
      if let v {
        valueWidth = v.rank == 4 ? v[3] : v.dimensions.last?.floorDivided(by: count) ?? .unknown
      }
      let past = inputs.has(6) ? inputs.shape(6)?.dimensions[safe: 2] ?? .unknown : .known(0)
      return [
        Inferred(type, Shape([q[0], q[1], count * valueWidth])),
        Inferred(type, Shape([q[0], count, past + rows, width])),
        Inferred(type, Shape([q[0], count, past + rows, valueWidth])),
      ]
    }

    /// Rows of one operand with batch, heads, positions and width.
    private typealias Operand = (rows: HeadRows, lengths: [Int])

    private func flat(_ source: Source, _ context: Evaluation, _ index: Int) throws(ModelError)
      -> Operand
    {
      let shape = source.shape
      guard shape.count == 3, shape[2] % heads == 0 else {
        throw context.mismatch(
          index, expected: "a last axis that \(heads) divides", found: "shape \(shape)")
      }
      let width = shape[2] / heads
      return (
        HeadRows(source, AttentionLayout(rows: shape[1], heads: heads, width: width)),
        [shape[0], heads, shape[1], width]
      )
    }

    /// The operands that lie side by side in one tensor.
    private func packed(
      _ source: Source, _ count: Int, _ context: Evaluation, _ index: Int
    ) throws(ModelError) -> [Operand] {
      let shape = source.shape
      guard shape.count == 5, shape[2] == heads, shape[3] == count else {
        throw context.mismatch(
          index, expected: "shape [batch,positions,\(heads),\(count),width]",
          found: "shape \(shape)")
      }
      guard context.optional(3) == nil else {
        throw ModelError(
          .unsupported, "\(context.label), input 3: a bias of packed operands is not supported")
      }
      let width = shape[4], row = heads * count * width
      let layout = AttentionLayout(batch: shape[1] * row, head: count * width, row: row)
      return (0..<count).map {
        (
          HeadRows(source, layout).advanced(by: $0 * width),
          [shape[0], heads, shape[1], width]
        )
      }
    }

    private func operands(
      _ context: Evaluation
    ) throws(ModelError) -> (q: Operand, k: Operand, v: Operand) {
      let first = try context.floatSource(0, rank: 3...5)
      if first.shape.count == 5 {
        let parts = try packed(first, 3, context, 0)
        return (parts[0], parts[1], parts[2])
      }
      var q = try flat(first, context, 0)
      let second = try context.floatSource(1, rank: 3...5)
      if second.shape.count == 5 {
        let parts = try packed(second, 2, context, 1)
        return (q, parts[0], parts[1])
      }
      let third = try context.floatSource(2, rank: 3...4)
      q.rows = try context.biased(q.rows, q.lengths, bias: 3, offset: 0)
      if second.shape.count == 4 {
        func rows(_ x: Source) -> Operand {
          let s = x.shape
          return (HeadRows(x, AttentionLayout(heads: s[1], rows: s[2], width: s[3])), s)
        }
        guard third.shape.count == 4, second.shape[1] == heads, third.shape[1] == heads else {
          throw context.mismatch(
            2, expected: "shape [batch,\(heads),positions,width]", found: "shape \(third.shape)")
        }
        return (q, rows(second), rows(third))
      }
      var k = try flat(second, context, 1), v = try flat(third, context, 2)
      let width = first.shape[2]
      k.rows = try context.biased(k.rows, k.lengths, bias: 3, offset: width)
      v.rows = try context.biased(v.rows, v.lengths, bias: 3, offset: 2 * width)
      return (q, k, v)
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

    package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
      .barrier("heads lie side by side in one axis")
    }

    package func quantization(_ inputs: Inputs) -> QuantizationRule {
      .noIntegerKernel("MultiHeadAttention")
    }

    package func macs(_ inputs: Inputs, _ outputs: [TensorType]) -> Int? {
      guard let types = try? infer(inputs), types.count == 3,
        let queries = types[0].type.shape?[1].value,
        let keys = types[1].type.shape?.elementCount.value,
        let values = types[2].type.shape?.elementCount.value
      else { return nil }
      let (sum, overflow) = keys.addingReportingOverflow(values)
      return overflow ? nil : product(queries, sum)
    }
  }
}
