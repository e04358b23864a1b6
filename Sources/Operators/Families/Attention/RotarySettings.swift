import IR
import Kernels

/// What the rotary embeddings of the default domain and of com.microsoft share.
struct RotarySettings: Sendable {
  /// The number of heads where the input is `[batch, positions, heads · width]`; 0 for not given.
  let heads: Int
  /// How many elements of a head turn; 0 for all.
  let width: Int
  /// Whether pairs lie side by side.
  let isInterleaved: Bool

  init(_ node: NodeView) throws(ModelError) {
    heads = try node.int("num_heads", default: 0)
    width = try node.int("rotary_embedding_dim", default: 0)
    isInterleaved = try node.flag("interleaved")
    for (name, value) in [("num_heads", heads), ("rotary_embedding_dim", width)] where value < 0 {
      throw node.mismatch(name, expected: "0 or more", found: "\(value)")
    }
    guard width % 2 == 0 else {
      throw node.mismatch("rotary_embedding_dim", expected: "an even number", found: "\(width)")
    }
  }

  /// Writes output 0 with input 0 turned.
  ///
  /// - Parameters:
  ///   - positions: the input with a position for each token, or with that of each sample's first.
  ///     Where it is left out, cosines and sines have a row for each token.
  func rotate(
    _ context: Evaluation, cosines: Int, sines: Int, positions: Int
  ) throws(ModelError) {
    let x = try context.source(0)
    guard x.scalar == .float else { throw context.unsupportedTypes([0]) }
    let cosine = try context.source(cosines), sine = try context.source(sines)
    guard cosine.scalar == .float, sine.scalar == .float else {
      throw context.unsupportedTypes([cosines, sines])
    }
    guard let half = cosine.shape.last, sine.shape == cosine.shape else {
      throw context.mismatch(
        sines, expected: "shape \(cosine.shape)", found: "shape \(sine.shape)")
    }
    let layout = try layout(context, x.shape, half: half, cosines)
    let rows = try rows(context, cosine.shape, layout, cosines, positions)
    let y = try context.output(0, context.input(0).elementType, x.shape)
    guard let from = x.elements(Float.self).baseAddress,
      let to = y.elements(Float.self).baseAddress,
      let cosineRows = cosine.elements(Float.self).baseAddress,
      let sineRows = sine.elements(Float.self).baseAddress
    else { return }
    let (heads, tokens) = (layout.heads, layout.tokens)
    parallel(layout.batch * heads, grain: max(1, (1 << 14) / max(1, tokens * layout.width))) {
      for index in $0 {
        let start = index / heads * layout.steps.batch + index % heads * layout.steps.head
        for token in 0..<tokens {
          let offset = start + token * layout.steps.row
          let row = rows[index / heads * tokens + token] * half
          rotatePairs(
            from + offset, to + offset, width: layout.width, half: half,
            cosines: cosineRows + row, sines: sineRows + row, interleaved: isInterleaved)
        }
      }
    }
  }

  private struct Layout {
    var batch, heads, tokens, width: Int
    var steps: AttentionLayout
  }

  private func layout(
    _ context: Evaluation, _ shape: [Int], half: Int, _ cosines: Int
  ) throws(ModelError) -> Layout {
    let layout: Layout
    switch shape.count {
    case 4:
      layout = Layout(
        batch: shape[0], heads: shape[1], tokens: shape[2], width: shape[3],
        steps: AttentionLayout(heads: shape[1], rows: shape[2], width: shape[3]))
    case 3:
      // Without the number of heads, the tables tell how wide one is when all of it turns.
      let count = heads > 0 ? heads : half > 0 ? shape[2] / (2 * half) : 0
      guard count > 0, shape[2] % count == 0 else {
        throw context.mismatch(
          0, expected: "a last axis that 'num_heads' divides", found: "shape \(shape)")
      }
      layout = Layout(
        batch: shape[0], heads: count, tokens: shape[1], width: shape[2] / count,
        steps: AttentionLayout(rows: shape[1], heads: count, width: shape[2] / count))
    default: throw context.mismatch(0, expected: "rank 3 or 4", found: "shape \(shape)")
    }
    let turned = width == 0 ? layout.width : width
    guard turned == 2 * half, turned <= layout.width else {
      throw context.mismatch(
        cosines, expected: "half of \(turned) cosines for heads of width \(layout.width)",
        found: "\(half)")
    }
    return layout
  }

  /// The row of the tables for each token of each sample.
  private func rows(
    _ context: Evaluation, _ table: [Int], _ layout: Layout, _ cosines: Int, _ positions: Int
  ) throws(ModelError) -> [Int] {
    let count = layout.batch * layout.tokens
    guard let given = try context.integers(positions) else {
      guard table.count == 3, table[0] == layout.batch, table[1] == layout.tokens else {
        throw context.mismatch(
          cosines, expected: "a row for each of \(layout.batch)·\(layout.tokens) tokens",
          found: "shape \(table)")
      }
      return Array(0..<count)
    }
    guard table.count == 2 else {
      throw context.mismatch(cosines, expected: "a table of rank 2", found: "shape \(table)")
    }
    let rows: [Int]
    if given.count == 1, count != 1 {
      rows = (0..<count).map { given[0].addingReportingOverflow($0 % layout.tokens).partialValue }
    } else {
      rows = given
    }
    guard rows.count == count, rows.allSatisfy({ (0..<table[0]).contains($0) }) else {
      throw context.mismatch(
        positions, expected: "\(count) positions in [0, \(table[0] - 1)]",
        found: "\(given.count) from \(given.min() ?? 0) to \(given.max() ?? 0)")
    }
    return rows
  }

  func channels(_ inputs: Inputs) -> ChannelRule {
    guard let shape = inputs.shape(0) else { return .barrier("shape of input 0 is not known") }
    guard shape.rank == 4 else { return .barrier("heads lie side by side in one axis") }
    let relations: [ChannelRule.Relation] = [
      .same(Axis(.input(0), 0), Axis(.output(0), 0)),
      .same(Axis(.input(0), 1), Axis(.output(0), 1)),
      .freeze(Axis(.input(0), 2), reason: "positions"),
      .freeze(Axis(.input(0), 3), reason: "pairs of elements turn together"),
    ]
    return ChannelRule(relations)
  }
}
