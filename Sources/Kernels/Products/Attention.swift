private import Glibc

/// Where the rows of one operand of attention lie: steps in elements from one sample, head and
/// position to the next. The elements of a row lie together.
package struct AttentionLayout: Sendable {
  package var batch: Int
  package var head: Int
  package var row: Int

  package init(batch: Int, head: Int, row: Int) {
    self.batch = batch
    self.head = head
    self.row = row
  }

  /// `[batch, heads, rows, width]`.
  package init(heads: Int, rows: Int, width: Int) {
    self.init(batch: heads * rows * width, head: rows * width, row: width)
  }

  /// `[batch, rows, heads · width]`.
  package init(rows: Int, heads: Int, width: Int) {
    self.init(batch: rows * heads * width, head: width, row: heads * width)
  }
}

/// The lengths of scaled dot-product attention, and which keys a query sees.
package struct AttentionShape: Sendable {
  package var batch: Int
  /// Heads of the queries, a multiple of those of keys and values.
  package var heads: Int
  package var keyHeads: Int
  package var queries: Int
  package var keys: Int
  /// The length of a query or key, and of a value.
  package var width: Int
  package var valueWidth: Int
  package var query, key, value, output: AttentionLayout

  /// What products are multiplied by.
  package var scale: Double
  /// The bound that `softcap · tanh(x / softcap)` sets; 0 for none.
  package var softcap: Double = 0
  /// For each sample, the number of keys that count; empty for all.
  package var validKeys: [Int] = []
  /// For each sample, the position of the first query among the keys: 0 when empty.
  package var positions: [Int] = []
  /// How far before and behind its own position a query sees; nil for no bound. Causal attention is
  /// 0 behind.
  package var before: Int?
  package var behind: Int?
  /// For each head, the score of no key at all, which takes its share of the weights; empty for
  /// none.
  package var sinks: [Double] = []
  /// The format that the operands had before they were widened to floats: every step rounds to it,
  /// as the steps that ONNX spells attention out in do. Nil for floats and doubles.
  package var rounding: HalfFormat?
  /// Whether the weights are computed without rounding in between.
  package var hasWideSoftmax = false

  package init(
    batch: Int, heads: Int, keyHeads: Int, queries: Int, keys: Int, width: Int, valueWidth: Int,
    query: AttentionLayout, key: AttentionLayout, value: AttentionLayout, output: AttentionLayout,
    scale: Double
  ) {
    (self.batch, self.heads, self.keyHeads) = (batch, heads, keyHeads)
    (self.queries, self.keys, self.width, self.valueWidth) = (queries, keys, width, valueWidth)
    (self.query, self.key, self.value, self.output) = (query, key, value, output)
    self.scale = scale
  }

  /// The keys that a query may see.
  fileprivate func visible(sample: Int, query: Int) -> Range<Int> {
    let position = query + (positions.isEmpty ? 0 : positions[sample])
    var low = 0
    var high = validKeys.isEmpty ? keys : min(keys, max(0, validKeys[sample]))
    if let before { low = max(low, position - before) }
    if let behind { high = min(high, position + behind + 1) }
    return min(low, max(high, 0))..<max(high, 0)
  }
}

/// Numbers added to the scores: an operand with the steps of its axes, 0 along stretched ones.
package struct AttentionBias {
  package let values: Source
  /// Steps of sample, head, query and key.
  package let steps: SIMD4<Int>
  /// Keys that the bias covers; no query sees those beyond.
  package let keys: Int

  package init(_ values: Source, steps: SIMD4<Int>, keys: Int) {
    self.values = values
    self.steps = steps
    self.keys = keys
  }
}

/// Which scores are written beside the result.
package enum AttentionScores: Int, Sendable {
  /// Products of queries and keys, scaled.
  case products
  /// The same after the soft cap.
  case capped
  /// The same with the bias; keys that a query does not see are -∞.
  case biased
  /// The weights of the values.
  case weights
}

/// `softmax(q·kᵀ·scale + bias)·v` for each sample and head. A query that sees no key gives zeros.
///
/// - Parameter scores: where `[batch, heads, queries, keys]` scores of the given kind go.
/// - Returns: false unless all operands are of one type, float or double.
package func attention(
  _ shape: AttentionShape, q: Source, k: Source, v: Source, bias: AttentionBias? = nil,
  into y: Target, scores: (kind: AttentionScores, target: Target)? = nil
) -> Bool {
  let types =
    [k.scalar, v.scalar, y.scalar]
    + [bias?.values.scalar, scores?.target.scalar]
    .compactMap { $0 }
  guard types.allSatisfy({ $0 == q.scalar }) else { return false }
  switch q.scalar {
  case .float:
    if let format = shape.rounding {
      rounded(shape, q, k, format) { AttentionRun<Float>($0, $1, $2, v, bias, y, scores).execute() }
    } else {
      AttentionRun<Float>(shape, q, k, v, bias, y, scores).execute()
    }
  case .double: AttentionRun<Double>(shape, q, k, v, bias, y, scores).execute()
  default: return false
  }
  return true
}

/// Calls `body` with queries and keys that are each multiplied by the root of the scale and rounded.
private func rounded(
  _ shape: AttentionShape, _ q: Source, _ k: Source, _ format: HalfFormat,
  _ body: (AttentionShape, Source, Source) -> Void
) {
  var unscaled = shape
  unscaled.scale = 1
  let scale = format.rounded(Float(shape.scale.squareRoot()))
  withUnsafeTemporaryAllocation(of: Float.self, capacity: max(1, q.count + k.count)) { memory in
    guard let start = memory.baseAddress else { return }
    func scaled(_ x: Source, _ target: UnsafeMutablePointer<Float>) -> Source {
      let from = x.bytes.base(Float.self)
      for i in 0..<x.count { (target + i).initialize(to: format.rounded(from[i] * scale)) }
      let bytes = UnsafeRawBufferPointer(UnsafeBufferPointer(start: target, count: x.count))
      return Source(.float, x.shape, bytes)
    }
    body(unscaled, scaled(q, start), scaled(k, start + q.count))
  }
}

private protocol AttentionNumber: BinaryFloatingPoint & BitwiseCopyable {
  static func rounded(_ x: Self, to format: HalfFormat) -> Self
  static func exponential(_ x: Self) -> Self
  static func hyperbolicTangent(_ x: Self) -> Self
}

extension Float: AttentionNumber {
  static func rounded(_ x: Float, to format: HalfFormat) -> Float { format.rounded(x) }
  static func exponential(_ x: Float) -> Float { Glibc.expf(x) }
  static func hyperbolicTangent(_ x: Float) -> Float { Glibc.tanhf(x) }
}

extension Double: AttentionNumber {
  static func rounded(_ x: Double, to format: HalfFormat) -> Double { x }
  static func exponential(_ x: Double) -> Double { Glibc.exp(x) }
  static func hyperbolicTangent(_ x: Double) -> Double { Glibc.tanh(x) }
}

private struct AttentionRun<T: AttentionNumber> {
  let shape: AttentionShape
  let q, k, v: UnsafePointer<T>
  let y: UnsafeMutablePointer<T>
  let bias: UnsafePointer<T>?
  let steps: SIMD4<Int>
  let biasKeys: Int
  let kind: AttentionScores?
  let scores: UnsafeMutablePointer<T>?

  init(
    _ shape: AttentionShape, _ q: Source, _ k: Source, _ v: Source, _ bias: AttentionBias?,
    _ y: Target, _ scores: (kind: AttentionScores, target: Target)?
  ) {
    self.shape = shape
    (self.q, self.k, self.v) = (q.bytes.base(T.self), k.bytes.base(T.self), v.bytes.base(T.self))
    self.y = y.bytes.base(T.self)
    self.bias = bias?.values.bytes.base(T.self)
    steps = bias?.steps ?? .zero
    biasKeys = bias?.keys ?? shape.keys
    kind = scores?.kind
    self.scores = scores?.target.bytes.base(T.self)
  }

  func execute() {
    let rows = shape.batch * shape.heads * shape.queries
    let work = max(1, shape.keys * (shape.width + shape.valueWidth))
    parallel(rows, grain: max(1, (1 << 15) / work)) { range in
      withUnsafeTemporaryAllocation(of: T.self, capacity: max(1, shape.keys)) { line in
        guard let line = line.baseAddress else { return }
        for row in range { self.row(row, line) }
      }
    }
  }

  private func row(_ index: Int, _ line: UnsafeMutablePointer<T>) {
    let query = index % shape.queries
    let head = index / shape.queries % shape.heads
    let sample = index / (shape.queries * shape.heads)
    let keyHead = head / (shape.heads / shape.keyHeads)
    let left = q + place(shape.query, sample, head, query)
    let keys = k + place(shape.key, sample, keyHead, 0)
    let values = v + place(shape.value, sample, keyHead, 0)
    let target = y + place(shape.output, sample, head, query)
    let out = scores.map { $0 + index * shape.keys }
    let everyKey = kind == .products || kind == .capped
    let visible = shape.visible(sample: sample, query: query)
    let seen = visible.clamped(to: 0..<max(0, min(shape.keys, biasKeys)))

    let scale = T(shape.scale), cap = T(shape.softcap)
    for key in everyKey ? 0..<shape.keys : seen {
      var score = rounded(dot(left, keys + key * shape.key.row) * scale)
      if kind == .products { out?[key] = score }
      if cap != 0 {
        score = rounded(cap * rounded(T.hyperbolicTangent(rounded(score / cap))))
      }
      if kind == .capped { out?[key] = score }
      line[key] = score
    }
    var isMasked = seen.isEmpty
    if let bias {
      let start = bias + sample * steps[0] + head * steps[1] + query * steps[2]
      isMasked = seen.allSatisfy { start[$0 * steps[3]] == -.infinity }
      for key in seen { line[key] = rounded(line[key] + start[key * steps[3]]) }
    }
    if kind == .biased, let out {
      for key in 0..<shape.keys { out[key] = seen.contains(key) ? line[key] : -.infinity }
    }
    if isMasked {
      for key in seen { line[key] = 0 }
    } else {
      normalize(line, seen, sink: shape.sinks.isEmpty ? nil : T(shape.sinks[head]))
    }
    if kind == .weights, let out {
      for key in 0..<shape.keys { out[key] = seen.contains(key) ? line[key] : 0 }
    }
    target.update(repeating: 0, count: shape.valueWidth)
    for key in seen where line[key] != 0 {
      let weight = line[key], value = values + key * shape.value.row
      for i in 0..<shape.valueWidth { target[i] += weight * value[i] }
    }
  }

  private func rounded(_ x: T) -> T { shape.rounding.map { T.rounded(x, to: $0) } ?? x }

  private func place(_ layout: AttentionLayout, _ sample: Int, _ head: Int, _ row: Int) -> Int {
    sample * layout.batch + head * layout.head + row * layout.row
  }

  /// Four sums side by side, so that they do not wait for each other.
  @inline(__always)
  private func dot(_ a: UnsafePointer<T>, _ b: UnsafePointer<T>) -> T {
    var s0: T = 0, s1: T = 0, s2: T = 0, s3: T = 0
    var i = 0
    while i + 4 <= shape.width {
      s0 += a[i] * b[i]
      s1 += a[i + 1] * b[i + 1]
      s2 += a[i + 2] * b[i + 2]
      s3 += a[i + 3] * b[i + 3]
      i += 4
    }
    while i < shape.width {
      s0 += a[i] * b[i]
      i += 1
    }
    return (s0 + s1) + (s2 + s3)
  }

  /// Scores become weights: no numbers where every score is -∞ without a mask that says so.
  private func normalize(_ line: UnsafeMutablePointer<T>, _ seen: Range<Int>, sink: T?) {
    var largest = -T.infinity
    for key in seen { largest = line[key] > largest || line[key].isNaN ? line[key] : largest }
    if let sink { largest = max(largest, sink) }
    let isWide = shape.hasWideSoftmax
    func step(_ x: T) -> T { isWide ? x : rounded(x) }
    let start: T = sink.map { step(T.exponential(step($0 - largest))) } ?? 0
    for key in seen { line[key] = step(T.exponential(step(line[key] - largest))) }
    let sum: T
    if let format = shape.rounding, !isWide, sink == nil {
      sum = T(format.sum(seen.count) { Float(line[seen.lowerBound + $0]) })
    } else {
      sum = step(seen.reduce(start) { $0 + line[$1] })
    }
    for key in seen { line[key] = rounded(line[key] / sum) }
  }
}

/// A mask of bools as numbers to add to scores: 0 where it is true, -∞ elsewhere. `y` is of floats
/// or doubles.
package func maskToBias(_ mask: Source, into y: Target) {
  let flags = mask.elements(UInt8.self)
  if y.scalar == .double {
    let out = y.elements(Double.self)
    for i in 0..<min(flags.count, out.count) { out[i] = flags[i] != 0 ? 0 : -.infinity }
  } else {
    let out = y.elements(Float.self)
    for i in 0..<min(flags.count, out.count) { out[i] = flags[i] != 0 ? 0 : -.infinity }
  }
}
