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
    var best = BoxBlocks()
    for candidate in order {
      guard kept.count < limit else { break }
      let box = boxes[first + candidate]
      if best.contains(where: box, overlapsMoreThan: overlap) { continue }
      kept.append(candidate)
      best.append(box)
    }
    return kept
  }
}

/// Boxes of which four at a time are looked at.
private struct BoxBlocks {
  private struct Block {
    // Places without a box have none in common with any.
    var left = SIMD4<Double>(repeating: .infinity), top = SIMD4<Double>(repeating: .infinity)
    var right = SIMD4<Double>(repeating: -.infinity), bottom = SIMD4<Double>(repeating: -.infinity)

    func box(_ lane: Int) -> Suppression.Box {
      Suppression.Box(left: left[lane], top: top[lane], right: right[lane], bottom: bottom[lane])
    }
  }

  private var blocks: [Block] = []
  private var count = 0

  mutating func append(_ box: Suppression.Box) {
    if count % 4 == 0 { blocks.append(Block()) }
    let lane = count % 4
    blocks[count / 4].left[lane] = box.left
    blocks[count / 4].top[lane] = box.top
    blocks[count / 4].right[lane] = box.right
    blocks[count / 4].bottom[lane] = box.bottom
    count += 1
  }

  /// Whether one of the boxes overlaps the given one by more than `limit`.
  func contains(where box: Suppression.Box, overlapsMoreThan limit: Double) -> Bool {
    let left = SIMD4(repeating: box.left), top = SIMD4(repeating: box.top)
    let right = SIMD4(repeating: box.right), bottom = SIMD4(repeating: box.bottom)
    // Boxes that have nothing in common overlap by 0.
    guard limit >= 0 else { return count > 0 }
    return blocks.contains { block in
      let meet =
        (block.left .< right) .& (left .< block.right) .& (block.top .< bottom)
        .& (top .< block.bottom)
      guard any(meet) else { return false }
      return (0..<4).contains { meet[$0] && !(block.box($0).overlap(box) <= limit) }
    }
  }
}
