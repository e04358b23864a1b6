import IR
import Kernels

/// The operands of GroupQueryAttention, and where each sample's positions lie in its cache.
struct GroupQueryOperands {
  let batch, queries, width: Int
  /// The positions that the caches have room for.
  let capacity: Int
  /// For each sample, the number of positions before the new ones.
  let past: [Int]
  let query, key, value: HeadRows
  private let keyHeads: Int

  init(_ context: Evaluation, heads: Int, keyHeads: Int) throws(ModelError) {
    let q = try context.floatSource(0, rank: 3...3)
    let isPacked = context.optional(1) == nil
    let all = isPacked ? heads + 2 * keyHeads : heads
    guard q.shape[2] % all == 0 else {
      throw context.mismatch(
        0, expected: "a last axis that \(all) heads divide", found: "shape \(q.shape)")
    }
    self.keyHeads = keyHeads
    (batch, queries, width) = (q.shape[0], q.shape[1], q.shape[2] / all)
    let row = q.shape[2]
    query = HeadRows(q, AttentionLayout(batch: queries * row, head: width, row: row))
    if isPacked {
      key = query.advanced(by: heads * width)
      value = query.advanced(by: (heads + keyHeads) * width)
    } else {
      let k = try context.floatSource(1, rank: 3...3), v = try context.floatSource(2, rank: 3...3)
      let expected = [batch, queries, keyHeads * width]
      for (index, shape) in [(1, k.shape), (2, v.shape)] where shape != expected {
        throw context.mismatch(index, expected: "shape \(expected)", found: "shape \(shape)")
      }
      let layout = AttentionLayout(rows: queries, heads: keyHeads, width: width)
      (key, value) = (HeadRows(k, layout), HeadRows(v, layout))
    }
    let (last, total) = (try context.requiredIntegers(5), try context.requiredIntegers(6))
    guard last.count == batch, total.count == 1, let total = total.first, total >= queries,
      total <= Int(Int32.max)
    else {
      throw context.mismatch(
        6, expected: "a number of positions from \(queries) for \(batch) samples",
        found: "\(total) for \(last.count)")
    }
    // At the start, samples may be shorter than the longest; later, each ends with the new ones.
    let isPrompt = total == queries
    let added = queries
    let least = isPrompt ? -1 : added - 1
    guard last.allSatisfy({ $0 >= least && $0 < total }) else {
      throw context.mismatch(
        5, expected: "last positions in [\(least), \(total - 1)]", found: "\(last)")
    }
    past = last.map { isPrompt ? 0 : $0 + 1 - added }
    capacity = max(total, context.optional(3)?.shape[safe: 2] ?? 0)
  }

  /// The cache with the new rows written behind the past ones.
  func cache(
    _ context: Evaluation, _ rows: HeadRows, past index: Int, output: Int, _ type: ElementType
  ) throws(ModelError) -> HeadRows {
    let shape = [batch, keyHeads, capacity, width]
    let given = try context.pastCache(
      index, .float, batch: batch, heads: keyHeads, width: width)
    let scratch = context.wants(output) ? nil : try Scratch(.float, shape, label: context.label)
    let target: Target
    if let scratch {
      target = scratch.target
    } else {
      target = try context.output(output, type, shape)
    }
    let layout = AttentionLayout(heads: keyHeads, rows: capacity, width: width)
    target.elements(Float.self).update(repeating: 0)
    guard let to = target.bytes.baseAddress else {
      return HeadRows(
        Source(.float, shape, UnsafeRawBufferPointer(target.bytes)), layout, owner: scratch)
    }
    let steps = strides(of: shape)
    if let given, let from = given.bytes.baseAddress {
      stridedCopy(
        shape: given.shape, width: 4, from: from, strides: strides(of: given.shape), to: to,
        strides: steps)
    }
    for sample in 0..<batch {
      guard let from = rows.source.bytes.baseAddress else { break }
      stridedCopy(
        shape: [keyHeads, queries, width], width: 4, from: from,
        strides: [rows.layout.head, rows.layout.row, 1],
        sourceOffset: sample * rows.layout.batch, to: to, strides: Array(steps.dropFirst()),
        targetOffset: sample * steps[0] + past[sample] * width)
    }
    return HeadRows(
      Source(.float, shape, UnsafeRawBufferPointer(target.bytes)), layout, owner: scratch)
  }
}
