/// The probabilities of classes that fit best those of pairs of them (Wu, Lin and Weng, "Probability
/// Estimates for Multi-class Classification by Pairwise Coupling", 2004, the second method), found by
/// steps of one class after the other as LIBSVM takes them.
///
/// - Parameters:
///   - count: the number of classes, at least 2.
///   - pairs: `[count, count]`; the probability of the class of a row where it is that or the one of
///     the column, strictly between 0 and 1 off the diagonal.
package func coupledProbabilities(_ count: Int, pairs: [Double]) -> [Double] {
  var form = [Double](repeating: 0, count: count * count)
  for row in 0..<count {
    for column in 0..<count where column != row {
      let other = pairs[column * count + row]
      form[row * count + row] += other * other
      form[row * count + column] = -other * pairs[row * count + column]
    }
  }
  var result = [Double](repeating: 1 / Double(count), count: count)
  var products = result
  for _ in 0..<max(100, count) {
    var total = 0.0
    for row in 0..<count {
      products[row] = (0..<count).reduce(0) { $0 + form[row * count + $1] * result[$1] }
      total += result[row] * products[row]
    }
    guard products.contains(where: { abs($0 - total) >= 0.005 / Double(count) }) else { break }
    for row in 0..<count {
      let diagonal = form[row * count + row]
      let step = (total - products[row]) / diagonal
      result[row] += step
      total = (total + step * (step * diagonal + 2 * products[row])) / ((1 + step) * (1 + step))
      for column in 0..<count {
        products[column] = (products[column] + step * form[row * count + column]) / (1 + step)
        result[column] /= 1 + step
      }
    }
  }
  return result
}
