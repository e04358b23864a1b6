/// Greedy selection of boxes that do not overlap much.
package struct Suppression {
  /// A box by its edges.
  package struct Box {
    let left, top, right, bottom: Double

    var area: Double { (right - left) * (bottom - top) }

    /// The common area over the area of both.
    func overlap(_ other: Box) -> Double {
      let width = min(right, other.right) - max(left, other.left)
      let height = min(bottom, other.bottom) - max(top, other.top)
      guard width > 0, height > 0, area > 0, other.area > 0 else { return 0 }
      return width * height / (area + other.area - width * height)
    }
  }

  private let boxes: [Box]
  private let limit: Int
  private let overlap: Double
  private let threshold: Double?

  /// - Parameters:
  ///   - limit: how many boxes are kept at most.
  ///   - overlap: boxes that overlap a better one by more than this go.
  ///   - threshold: boxes whose score is not above this go.
  package init(boxes: [Box], limit: Int, overlap: Double, threshold: Double?) {
    self.boxes = boxes
    self.limit = limit
    self.overlap = overlap
    self.threshold = threshold
  }

  /// Boxes from four numbers each: two opposite corners y x y x, or centre x y, width and height.
  package static func boxes(_ values: [Double], centered: Bool) -> [Box] {
    (0..<values.count / 4).map { index in
      let (a, b, c, d) = (
        values[4 * index], values[4 * index + 1], values[4 * index + 2], values[4 * index + 3]
      )
      return centered
        ? Box(left: a - c / 2, top: b - d / 2, right: a + c / 2, bottom: b + d / 2)
        : Box(left: min(b, d), top: min(a, c), right: max(b, d), bottom: max(a, c))
    }
  }

  /// The kept boxes of one class, best first, numbered from 0; equal scores go by rising index.
  ///
  /// - Parameter first: where the boxes of these scores begin.
  package func select(_ scores: [Double], first: Int) -> [Int] {
    let order = scores.indices.filter {
      threshold.map { [score = scores[$0]] in score > $0 } ?? true
    }
    .sorted { scores[$0] != scores[$1] ? scores[$0] > scores[$1] : $0 < $1 }
    var kept: [Int] = []
    for candidate in order {
      guard kept.count < limit else { break }
      let box = boxes[first + candidate]
      if kept.allSatisfy({ boxes[first + $0].overlap(box) <= overlap }) { kept.append(candidate) }
    }
    return kept
  }
}
