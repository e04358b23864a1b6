import IR
import Kernels

extension Microsoft.MultiHeadAttention {
  /// Rows of one operand with batch, heads, positions and width.
  typealias Operand = (rows: HeadRows, lengths: [Int])

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

  func operands(
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
}
