import IR
import Kernels

/// Scaled dot-product attention as products, a softmax and what hides keys, of which all have
/// derivatives. Operands are `[batch, heads, positions, width]`.
struct SpelledAttention {
  let queries, keys, values: Term
  let heads, keyHeads: Int
  let scale: Double
  var softcap = 0.0
  /// What is added to the scores.
  var addends: [Term] = []
  /// Which keys count: truth values that broadcast to the scores.
  var conditions: [Term] = []
  /// For each head, the score of no key at all.
  var sinks: Term?
  /// What becomes of scores and of weights.
  var changes:
    (scores: (Term) throws(ModelError) -> Term, weights: (Term) throws(ModelError) -> Term) =
      ({ $0 }, { $0 })

  /// - Parameter scale: what products are multiplied by; nil for the inverse root of the width.
  init(
    _ call: GradientCall, _ queries: Term, _ keys: Term, _ values: Term, heads: Int, keyHeads: Int,
    width: Dimension, scale: Float?
  ) throws(ModelError) {
    (self.queries, self.keys, self.values) = (queries, keys, values)
    (self.heads, self.keyHeads) = (heads, keyHeads)
    if let scale {
      self.scale = Double(scale)
    } else {
      guard let width = width.value else { throw call.unknown("the width of a head") }
      self.scale = 1 / Double(max(1, width)).squareRoot()
    }
  }

  /// The result `[batch, heads, positions, width]` and the scores of each kind.
  func results() throws(ModelError) -> (y: Term, scores: (AttentionScores) -> Term) {
    // Heads that share one of keys lie below each other, as rows of one product.
    func grouped(_ x: Term) -> Term { keyHeads == heads ? x : x.reshaped([0, keyHeads, -1, 0]) }
    func apart(_ x: Term) -> Term { keyHeads == heads ? x : x.reshaped([0, heads, -1, 0]) }
    let element = queries.type.elementType
    let type = TensorType(element, Shape([.unknown, .known(heads), .unknown, .unknown]))
    let raw = grouped(queries).times(keys.transposed([0, 1, 3, 2])).typed(as: type)
    let products = (apart(raw) * scale).typed(as: type)
    let capped =
      softcap == 0 ? products : ((products / softcap).tanh * softcap).typed(as: type)
    let added = addends.reduce(capped) { $0 + $1 }.typed(as: type)
    let biased = try changes.scores(added).typed(as: type)
    let visible = conditions.dropFirst().reduce(conditions.first) { $0?.and($1) }
    func shown(_ x: Term, _ hidden: Term) -> Term {
      visible?.select(x, hidden).typed(as: type) ?? x
    }
    // A row without any key becomes one of zeros.
    let shares = shown(
      softmax(shown(biased, biased.lowest)).typed(as: type), biased.number(0))
    let weights = try changes.weights(shares).typed(as: type)
    let y = apart(grouped(weights).times(values).typed(as: type)).typed(as: type)
    return (
      y,
      { kind in
        switch kind {
        case .products: products
        case .capped: capped
        case .biased: shown(biased, biased.number(-.infinity))
        case .weights: weights
        }
      }
    )
  }

  /// Scores as weights, of which no key at all may take a share.
  private func softmax(_ scores: Term) -> Term {
    guard let sinks else { return scores.softmax(rank: 4) }
    let builder = scores.builder
    let lengths = builder.joined(
      [scores.extent(0), builder.integers([heads]), scores.extent(2), builder.integers([1])],
      axis: 0)
    let column = sinks.reshaped([1, -1, 1, 1]).apply(
      Expand.self, [lengths], as: TensorType(scores.type.elementType, nil))
    return scores.followed(by: column, axis: 3).softmax(rank: 4).slice(from: 0, to: -1, axis: 3)
  }

  /// Hides keys by their places.
  ///
  /// - Parameters:
  ///   - before: how far before and behind its own place a query sees; nil for no bound.
  ///   - start: the place of the first query among the keys: one for all, or `[batch]`.
  ///   - valid: for each sample, the number of keys that count; nil for all.
  mutating func limit(
    before: Int?, behind: Int?, start: Term?, valid: Term?
  ) throws(ModelError) {
    guard before != nil || behind != nil || valid != nil else { return }
    guard queries.builder.opset >= 11 else {
      throw ModelError(.unsupported, "its derivative needs operator set 11 where keys are hidden")
    }
    let columns = keys.extent(2).places
    if let valid { conditions.append(columns.isBelow(valid.reshaped([-1, 1, 1, 1]))) }
    guard before != nil || behind != nil else { return }
    var rows = queries.extent(2).places.reshaped([-1, 1])
    if let start { rows = rows + start.reshaped([-1, 1, 1, 1]) }
    if let behind { conditions.append(columns.isBelow(rows + Double(behind + 1))) }
    if let before { conditions.append(columns.isAbove(rows - Double(before + 1))) }
  }

  /// Adds a mask, of truth values or of numbers to add.
  ///
  /// - Parameter total: the number of keys; beyond the mask's last none counts.
  mutating func mask(
    _ call: GradientCall, _ index: Int, total: Dimension
  ) throws(ModelError) {
    guard var mask = call.optional(index) else { return }
    let isBool = mask.type.elementType == .bool
    let zero = queries.number(0)
    if let shape = mask.type.shape, let own = shape.dimensions.last?.value,
      let all = total.value, own < all
    {
      if isBool { mask = mask.apply(Where.self, [zero, zero.number(-.infinity)], as: zero.type) }
      let pads = [Int](repeating: 0, count: 2 * shape.rank - 1) + [all - own]
      mask = mask.apply(
        Pad.self, [call.builder.integers(pads), zero.number(-.infinity)], as: zero.type)
    } else if isBool {
      conditions.append(mask)
      return
    }
    addends.append(mask)
    // What is known to be finite hides nothing.
    if let numbers = call.facts[index]?.constant?.doubles, numbers.allSatisfy(\.isFinite),
      numbers.count == mask.type.shape?.elementCount.value
    {
      return
    }
    conditions.append(mask.isAbove(-.infinity))
  }

  /// Adds a mask of com.microsoft's: integers of which 0 hides a key, or the number of keys of each
  /// sample.
  ///
  /// - Parameter value: what is added to the score of a hidden key.
  mutating func mask(
    _ call: GradientCall, integers index: Int, value: Float
  ) throws(ModelError) {
    guard let mask = call.optional(index) else { return }
    switch try call.shape(index).rank {
    case 1: try limit(before: nil, behind: nil, start: nil, valid: mask.cast(to: .int64))
    case let rank:
      let flags = mask.cast(to: .bool)
      let zero = queries.number(0)
      let added = flags.apply(Where.self, [zero, zero.number(Double(value))], as: zero.type)
        .typed(as: TensorType(zero.type.elementType, mask.type.shape))
      addends.append(added.unsqueezed(rank == 2 ? [1, 2] : [1]))
    }
  }
}
