import IR
import Kernels

/// What the attention operators of com.microsoft share: masks of integers, packed operands and
/// biases.
extension Evaluation {
  /// A float operand; an error for other types.
  func floatSource(_ index: Int, rank: ClosedRange<Int>) throws(ModelError) -> Source {
    let source = try source(index)
    guard source.scalar == .float else { throw unsupportedTypes([index]) }
    guard rank.contains(source.shape.count) else {
      throw mismatch(
        index, expected: "rank \(rank.lowerBound) to \(rank.upperBound)",
        found: "shape \(source.shape)")
    }
    return source
  }

  /// Rows with a bias added, one element for each of `heads · width`; the rows themselves where
  /// there is none.
  func biased(
    _ rows: HeadRows, _ lengths: [Int], bias index: Int, offset: Int
  ) throws(ModelError) -> HeadRows {
    guard optional(index) != nil else { return rows }
    let bias = try floatSource(index, rank: 1...1)
    let (batch, heads, count, width) = (lengths[0], lengths[1], lengths[2], lengths[3])
    guard bias.count >= offset + heads * width else {
      throw mismatch(
        index, expected: "at least \(offset + heads * width) elements", found: "\(bias.count)")
    }
    let scratch = try Scratch(.float, [batch * count, heads * width], label: label)
    let layout = AttentionLayout(rows: count, heads: heads, width: width)
    if let from = rows.source.bytes.baseAddress, let to = scratch.target.bytes.baseAddress {
      stridedCopy(
        shape: lengths, width: 4, from: from,
        strides: [rows.layout.batch, rows.layout.head, rows.layout.row, 1], to: to,
        strides: [layout.batch, layout.head, layout.row, 1])
    }
    let part = UnsafeRawBufferPointer(
      rebasing: bias.bytes[4 * offset..<4 * (offset + heads * width)])
    _ = binary(
      .add, scratch.source, Source(.float, [heads * width], part), into: scratch.target)
    return HeadRows(scratch.source, layout, owner: scratch)
  }

  /// What masks and biases in two inputs add to the scores, and how many keys count.
  ///
  /// - Parameters:
  ///   - mask: integers, of which 0 hides a key: `[batch, keys]`, `[batch, queries, keys]`, or
  ///     the number of keys that count for each sample.
  ///   - value: what is added to the score of a hidden key.
  ///   - bias: numbers that broadcast to `[batch, heads, queries, keys]`.
  func maskAndBias(
    mask: Int, value: Float, bias: Int, batch: Int, heads: Int, queries: Int, keys: Int
  ) throws(ModelError) -> (bias: HeldBias?, validKeys: [Int]) {
    let added = try attentionBias(
      bias, .float, batch: batch, heads: heads, queries: queries, keys: keys)
    guard let given = optional(mask), let flags = try integers(mask) else { return (added, []) }
    let shape: [Int]
    switch given.shape {
    case [batch]:
      guard flags.allSatisfy({ (0...keys).contains($0) }) else {
        throw mismatch(mask, expected: "lengths in [0, \(keys)]", found: "\(flags)")
      }
      return (added, flags)
    case [batch, keys]: shape = [batch, 1, 1, keys]
    case [batch, queries, keys]: shape = [batch, 1, queries, keys]
    default:
      throw ModelError(
        .unsupported,
        "\(label), input \(mask): expected a mask [\(batch)], [\(batch),\(keys)] or [\(batch),\(queries),\(keys)], found \(given.shape)"
      )
    }
    let hidden = try Scratch(.float, shape, label: label)
    for (place, flag) in flags.enumerated() {
      hidden.target.elements(Float.self)[place] = flag != 0 ? 0 : value
    }
    guard let added else { return (HeldBias(hidden.source, owner: hidden), []) }
    let other = added.bias.values
    guard let joined = broadcastShape(shape, other.shape) else {
      throw mismatch(bias, expected: "\(keys) keys", found: "shape \(other.shape)")
    }
    let sum = try Scratch(.float, joined, label: label)
    _ = binary(.add, hidden.source, other, into: sum.target)
    withExtendedLifetime((hidden, added)) {}
    return (HeldBias(sum.source, owner: sum), [])
  }
}
