/// The loss of each target over scores [batch, classes, inner], and the weight it has in the mean.
///
/// - Parameters:
///   - scores: logarithms of probabilities.
///   - targets: a class for each of [batch, inner]; one that is `ignored` has loss and weight 0.
///   - weights: one a class, or none.
/// - Returns: nil when a target is no class.
package func negativeLogLikelihood(
  scores: [Double], classes: Int, inner: Int, targets: [Int], weights: [Double], ignored: Int?
) -> (losses: [Double], weight: Double)? {
  var losses = [Double](repeating: 0, count: targets.count)
  var total = 0.0
  for (place, target) in targets.enumerated() where target != ignored {
    guard target >= 0, target < classes else { return nil }
    let (sample, position) = place.quotientAndRemainder(dividingBy: inner)
    let weight = weights.isEmpty ? 1 : weights[target]
    losses[place] = -scores[(sample * classes + target) * inner + position] * weight
    total += weight
  }
  return (losses, total)
}
