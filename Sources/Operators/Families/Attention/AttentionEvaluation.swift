import IR
import Kernels

/// Rows of heads somewhere in memory, and what keeps them alive.
struct HeadRows {
  let source: Source
  let layout: AttentionLayout
  var owner: Scratch?

  init(_ source: Source, _ layout: AttentionLayout, owner: Scratch? = nil) {
    self.source = source
    self.layout = layout
    self.owner = owner
  }

  /// The same layout beginning some elements later.
  func advanced(by elements: Int) -> HeadRows {
    let bytes = elements * source.scalar.size
    let rest = UnsafeRawBufferPointer(rebasing: source.bytes.dropFirst(bytes))
    return HeadRows(Source(source.scalar, source.shape, rest), layout, owner: owner)
  }
}

/// Keys or values with those of the past before them, `[batch, heads, positions, width]`.
struct Cache {
  let rows: HeadRows
  /// The number of positions.
  let count: Int

  /// - Parameters:
  ///   - new: the positions that are added.
  ///   - lengths: batch, heads, new positions and width.
  ///   - past: `[batch, heads, positions, width]`; checked by the caller.
  ///   - target: where the cache goes; fresh memory when nil.
  init(
    _ new: HeadRows, _ lengths: [Int], past: Source?, into target: Target?, label: String
  ) throws(ModelError) {
    let (batch, heads, width) = (lengths[0], lengths[1], lengths[3])
    let before = past?.shape[2] ?? 0
    count = before + lengths[2]
    let shape = [batch, heads, count, width]
    let layout = AttentionLayout(heads: heads, rows: count, width: width)
    let scratch = target == nil ? try Scratch(new.source.scalar, shape, label: label) : nil
    guard let memory = target ?? scratch?.target else {
      throw ModelError(.limit, "\(label): expected memory for a cache, found none")
    }
    rows = HeadRows(
      Source(memory.scalar, shape, UnsafeRawBufferPointer(memory.bytes)), layout, owner: scratch)
    guard let to = memory.bytes.baseAddress, !shape.contains(0) else { return }
    let steps = strides(of: shape), size = memory.scalar.size
    if let past, let from = past.bytes.baseAddress, before > 0 {
      stridedCopy(
        shape: past.shape, width: size, from: from, strides: strides(of: past.shape), to: to,
        strides: steps)
    }
    guard let from = new.source.bytes.baseAddress, lengths[2] > 0 else { return }
    stridedCopy(
      shape: lengths, width: size, from: from,
      strides: [new.layout.batch, new.layout.head, new.layout.row, 1], to: to, strides: steps,
      targetOffset: before * width)
  }
}

extension Evaluation {
  /// A past cache `[batch, heads, positions, width]` in an input; nil when it is left out.
  func pastCache(
    _ index: Int, _ scalar: Scalar, batch: Int, heads: Int, width: Int
  ) throws(ModelError) -> Source? {
    guard optional(index) != nil else { return nil }
    let past = try source(index)
    guard past.scalar == scalar, past.shape.count == 4, past.shape[0] == batch,
      past.shape[1] == heads, past.shape[3] == width
    else {
      throw mismatch(
        index, expected: "shape [\(batch),\(heads),positions,\(width)]",
        found: "\(TensorType(try input(index).elementType, past.shape))")
    }
    return past
  }
}

extension Attention {
  /// Computes the outputs that the node asks for.
  func evaluateAttention(_ context: Evaluation) throws(ModelError) {
    let (q, k, v) = try lengths(context)
    let type = try context.input(0).elementType
    let scalar = try context.scalar(type)
    let isFlat = try context.input(0).shape.count == 3
    let key = try cache(context, 1, past: 4, k, scalar, isFlat, output: 1)
    let value = try cache(context, 2, past: 5, v, scalar, isFlat, output: 2)
    let total = key.count
    guard total == value.count else {
      throw context.mismatch(
        5, expected: "\(total - k[2]) past positions", found: "\(value.count - v[2])")
    }
    var shape = AttentionShape(
      batch: q[0], heads: q[1], keyHeads: k[1], queries: q[2], keys: total, width: q[3],
      valueWidth: v[3],
      query: isFlat
        ? AttentionLayout(rows: q[2], heads: q[1], width: q[3])
        : AttentionLayout(heads: q[1], rows: q[2], width: q[3]),
      key: key.rows.layout, value: value.rows.layout,
      output: isFlat
        ? AttentionLayout(rows: q[2], heads: q[1], width: v[3])
        : AttentionLayout(heads: q[1], rows: q[2], width: v[3]),
      scale: scale.map { Double($0) } ?? 1 / Double(max(1, q[3])).squareRoot())
    shape.softcap = Double(softcap)
    shape.rounding = context.format(0)
    shape.hasWideSoftmax = softmaxType == .float || softmaxType == .double
    shape.before = before
    shape.behind = isCausal ? 0 : behind
    let past = total - k[2]
    shape.positions = [Int](repeating: past, count: q[0])
    if let valid = try context.integers(6) {
      guard valid.count == q[0], valid.allSatisfy({ (0...total).contains($0) }) else {
        throw context.mismatch(
          6, expected: "\(q[0]) lengths in [0, \(total)]", found: "\(valid)")
      }
      shape.validKeys = valid
      if context.optional(4) == nil { shape.positions = valid.map { $0 - q[2] } }
    }
    let bias = try context.attentionBias(
      3, scalar, batch: q[0], heads: q[1], queries: q[2], keys: total)
    let y = try context.output(
      0, type, isFlat ? [q[0], q[2], q[1] * v[3]] : [q[0], q[1], q[2], v[3]])
    let side = context.wants(3) ? try context.output(3, type, [q[0], q[1], q[2], total]) : nil
    let done = attention(
      shape, q: try context.source(0), k: key.rows.source, v: value.rows.source, bias: bias?.bias,
      into: y, scores: side.map { (scores, $0) })
    withExtendedLifetime((key, value, bias)) {}
    guard done else { throw context.unsupportedTypes([0, 1, 2]) }
  }

  private func cache(
    _ context: Evaluation, _ index: Int, past: Int, _ lengths: [Int], _ scalar: Scalar,
    _ isFlat: Bool, output: Int
  ) throws(ModelError) -> Cache {
    let new = try context.source(index)
    guard new.scalar == scalar else { throw context.unsupportedTypes([0, index]) }
    let before = try context.pastCache(
      past, scalar, batch: lengths[0], heads: lengths[1], width: lengths[3])
    let layout =
      new.shape.count == 3
      ? AttentionLayout(rows: lengths[2], heads: lengths[1], width: lengths[3])
      : AttentionLayout(heads: lengths[1], rows: lengths[2], width: lengths[3])
    let total = (before?.shape[2] ?? 0) + lengths[2]
    let target =
      context.wants(output)
      ? try context.output(
        output, context.input(index).elementType, [lengths[0], lengths[1], total, lengths[3]])
      : nil
    return try Cache(
      HeadRows(new, layout), lengths, past: before, into: target, label: context.label)
  }
}

/// Numbers to add to scores, and what keeps them alive.
struct HeldBias {
  let bias: AttentionBias
  let owner: Scratch?

  /// - Parameter source: of rank 4; axes of length 1 are stretched, but for the last.
  init(_ source: Source, owner: Scratch?) {
    let own = strides(of: source.shape)
    var steps = SIMD4<Int>.zero
    for axis in 0..<4 where source.shape[axis] != 1 || axis == 3 { steps[axis] = own[axis] }
    bias = AttentionBias(source, steps: steps, keys: source.shape[3])
    self.owner = owner
  }
}

extension Evaluation {
  /// The mask in an input, of bools (whether a key counts) or of numbers that are added; nil when
  /// it is left out. It broadcasts to `[batch, heads, queries, keys]`; where its last axis is
  /// shorter, the keys beyond do not count.
  func attentionBias(
    _ index: Int, _ scalar: Scalar, batch: Int, heads: Int, queries: Int, keys: Int
  ) throws(ModelError) -> HeldBias? {
    guard optional(index) != nil else { return nil }
    let mask = try source(index)
    let shape = [Int](repeating: 1, count: max(0, 4 - mask.shape.count)) + mask.shape
    guard shape.count == 4, !mask.shape.isEmpty, shape[3] <= keys,
      zip(shape, [batch, heads, queries]).allSatisfy({ $0 == 1 || $0 == $1 })
    else {
      throw mismatch(
        index, expected: "a shape that broadcasts to \([batch, heads, queries, keys])",
        found: "shape \(mask.shape)")
    }
    if mask.scalar == .bool {
      let scratch = try Scratch(scalar, shape, label: label)
      maskToBias(mask, into: scratch.target)
      return HeldBias(scratch.source, owner: scratch)
    }
    guard mask.scalar == scalar else { throw unsupportedTypes([0, index]) }
    return HeldBias(Source(scalar, shape, mask.bytes), owner: nil)
  }
}
