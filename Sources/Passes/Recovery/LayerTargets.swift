internal import IR
internal import Kernels
internal import Operators
internal import Samples

/// What layers made in the original, at some positions of each batch.
final class LayerTargets: Observer {
  /// Of one batch.
  struct Batch {
    /// The positions that were looked at, and how many there are.
    let chosen: [Int]
    let positions: Int
    /// A row of the channels that are left for each.
    let rows: [Float]
  }

  let values: Set<ValueID>
  private let sites: [ValueID: [Int]]
  private let all: [FitSite]
  private let limit: Int
  private let batches: Int
  private var samplings: [Int: RowSampling] = [:]
  /// What was seen, by the place of the site.
  private(set) var seen: [Int: [Batch]] = [:]

  /// The most positions of a layer that are looked at, and bytes that all of them may take.
  private static let most = 16_000
  private static let budget = 128 << 20

  init(_ sites: [FitSite], batches: Int) {
    all = sites
    self.sites = Dictionary(grouping: sites.indices) { sites[$0].target.value }
    values = Set(self.sites.keys)
    self.batches = batches
    let channels = sites.reduce(0) { $0 + $1.channels }
    limit = max(512, min(Self.most, Self.budget / (4 * max(1, channels))))
  }

  func observe(_ value: ValueID, _ view: TensorView) {
    guard view.elementType == .float else { return }
    for place in sites[value] ?? [] { take(place, view) }
  }

  private func take(_ place: Int, _ view: TensorView) {
    let site = all[place]
    guard view.shape.indices.contains(site.axis) else { return }
    let span = AxisSpan(view.shape, axis: site.axis)
    let kept = site.target.kept ?? Array(0..<span.length)
    guard kept.count == site.channels, kept.allSatisfy({ $0 >= 0 && $0 < span.length }) else {
      return
    }
    let positions = span.outer * span.inner
    var sampling =
      samplings[place]
      ?? RowSampling(
        total: positions.multipliedReportingOverflow(by: batches).partialValue, limit: limit,
        period: max(1, span.inner))
    let chosen = sampling.next(positions)
    samplings[place] = sampling
    let rows = view.elements(Float.self).rows(chosen, span, kept)
    seen[place, default: []].append(Batch(chosen: chosen, positions: positions, rows: rows))
  }

  /// Forgets what was seen for a site.
  func forget(_ place: Int) { seen[place] = nil }
}

extension UnsafeBufferPointer<Float> {
  /// The elements along an axis at some positions, a row each.
  func rows(_ chosen: [Int], _ span: AxisSpan, _ kept: [Int]) -> [Float] {
    [Float](unsafeUninitializedCapacity: chosen.count * kept.count) { rows, count in
      count = rows.count
      var next = 0
      for row in chosen {
        let start = row / span.inner * span.length * span.inner + row % span.inner
        for channel in kept {
          rows[next] = self[start + channel * span.inner]
          next += 1
        }
      }
    }
  }
}
