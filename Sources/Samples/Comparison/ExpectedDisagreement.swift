/// How often a changed classifier takes a sample for another class, from few samples: each sample's scores
/// with each sample's errors.
///
/// Few samples seldom differ, and those that do are counted in whole samples. But scores say more: by
/// how much a class leads, and how far scores go astray. Ranked from the highest, the scores of one
/// sample and the errors of another make a sample that might have been; of all such pairs the part
/// whose highest score changes is what disagrees. Errors are taken to be no smaller where the lead is
/// small, which holds since they grow with the scores.
package struct ExpectedDisagreement {
  /// The part of all samples.
  package let share: Double
  /// The standard error of `share`, from how it varies over the samples on either side.
  package let deviation: Double

  /// Ranks beyond these do not overtake.
  private static let ranks = 16

  /// - Parameters:
  ///   - scores: of the original, for leads; of samples that it was fitted to as well.
  ///   - original: of the original, and `changed` of the changed model on the same samples, for
  ///     errors.
  package init?(_ scores: ScoreRows, _ original: ScoreRows, _ changed: ScoreRows) {
    guard original.count == changed.count, original.width == changed.width,
      scores.width == original.width, original.count > 1, scores.count > 1
    else { return nil }
    let leads = (0..<scores.count).map { index in
      let row = scores.row(index)
      return Self.order(row).map { Double(row[row.startIndex + $0]) }
    }
    let errors = (0..<original.count).map { index in
      let a = original.row(index), b = changed.row(index)
      return Self.order(a).map { Double(b[b.startIndex + $0]) - Double(a[a.startIndex + $0]) }
    }
    var byLead = [Double](repeating: 0, count: leads.count)
    var byError = [Double](repeating: 0, count: errors.count)
    for (i, lead) in leads.enumerated() {
      for (k, error) in errors.enumerated() {
        let first = lead[0] + error[0]
        let changes = zip(lead, error).dropFirst().contains { !($0 + $1 < first) }
        guard changes else { continue }
        byLead[i] += 1 / Double(errors.count)
        byError[k] += 1 / Double(leads.count)
      }
    }
    let mean = byLead.reduce(0, +) / Double(leads.count)
    func variance(_ parts: [Double]) -> Double {
      let count = Double(parts.count)
      return parts.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1) / count
    }
    share = mean
    // Where no pair changes it may yet be that one more sample would.
    let least = 1 / Double(leads.count * errors.count)
    deviation = (variance(byLead) + variance(byError) + least * least).squareRoot()
  }

  /// Places from the highest score down, as many as count.
  private static func order(_ row: ArraySlice<Float>) -> [Int] {
    let places = (0..<row.count).sorted { a, b in
      let x = row[row.startIndex + a], y = row[row.startIndex + b]
      return x == y ? a < b : x > y
    }
    return Array(places.prefix(ranks))
  }
}
