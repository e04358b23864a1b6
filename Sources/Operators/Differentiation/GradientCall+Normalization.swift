package import IR

/// Normalisations: what has the same derivative whatever the axes.
extension GradientCall {
  /// The normalised elements and, for the cotangent `g` of these, that of `x`:
  /// `(g - mean(g) - n·mean(g·n)) / σ` over the axes.
  package func normalized(
    _ x: Term, _ axes: [Int], epsilon: Double, usesMean: Bool = true
  ) -> (elements: Term, back: (Term) -> Term) {
    let centred = usesMean ? (x - x.mean(axes)).typed(as: x.type) : x
    let inverse = 1 / (centred.squared.mean(axes) + epsilon).sqrt
    let elements = (centred * inverse).typed(as: x.type)
    return (
      elements,
      { g in
        let along = elements * (g * elements).mean(axes)
        let rest = usesMean ? g - g.mean(axes) - along : g - along
        return (inverse * rest).typed(as: x.type)
      }
    )
  }

  /// Normalisation within channels, or groups of them, with a scale, input 1, and a shift, input 2, a
  /// channel.
  package func channelNormalization(
    _ x: Term, groups: Int?, axes: [Int], epsilon: Double
  ) throws(ModelError) -> [Term?] {
    let g = try cotangent(0), scale = try input(1)
    let rank = try shape(0).rank
    let ones = [Int](repeating: 1, count: max(0, rank - 2))
    let seen = groups.map { x.reshaped([0, $0, -1]) } ?? x
    let (elements, back) = normalized(seen, axes, epsilon: epsilon)
    let outer = [0] + (2..<max(2, rank)).map { $0 }
    let scaled = (g * scale.reshaped([-1] + ones)).typed(as: x.type)
    let inner = groups.map { scaled.reshaped([0, $0, -1]) } ?? scaled
    return [
      back(inner).reshaped(like: x).typed(as: x.type),
      (g * elements.reshaped(like: x)).typed(as: x.type).sum(outer, keepsAxes: false),
      g.sum(outer, keepsAxes: false),
    ]
  }
}
