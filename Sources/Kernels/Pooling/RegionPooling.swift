/// Regions of planes [height, width] cut into `rows` by `columns` cells, each of which becomes one
/// number.
package struct RegionGrid: Sendable {
  package var height: Int
  package var width: Int
  package var rows: Int
  package var columns: Int

  package init(height: Int, width: Int, rows: Int, columns: Int) {
    self.height = height
    self.width = width
    self.rows = rows
    self.columns = columns
  }

  /// A corner of a sample's four neighbours and its weight.
  fileprivate struct Corner {
    let place: Int
    let weight: Double
  }

  /// How many samples each cell of a region has down and across.
  ///
  /// - Parameters:
  ///   - region: left, top, right and bottom in elements of the plane.
  ///   - samples: samples a cell along each axis; 0 for as many as a cell has elements.
  ///   - atLeastOne: whether a region is widened to one element.
  /// - Returns: nil when there are more samples than memory should hold.
  package func sampleCounts(
    _ region: [Double], _ samples: Int, atLeastOne: Bool
  ) -> (down: Int, across: Int)? {
    let size = cellSize(region, atLeastOne: atLeastOne)
    guard let down = Self.count(samples, size.height), let across = Self.count(samples, size.width),
      down * across <= 1 << 20, down * across * rows * columns <= 1 << 24
    else { return nil }
    return (down, across)
  }

  private func cellSize(
    _ region: [Double], atLeastOne: Bool
  ) -> (height: Double, width: Double) {
    var across = region[2] - region[0], down = region[3] - region[1]
    if atLeastOne { (across, down) = (max(across, 1), max(down, 1)) }
    return (down / Double(rows), across / Double(columns))
  }

  /// The neighbours of the samples, four a sample, cell after cell; weightless ones for samples
  /// outside.
  ///
  /// - Parameter counts: of `sampleCounts`.
  fileprivate func corners(
    _ region: [Double], _ counts: (down: Int, across: Int), atLeastOne: Bool
  ) -> [Corner] {
    let size = cellSize(region, atLeastOne: atLeastOne)
    var corners: [Corner] = []
    corners.reserveCapacity(4 * rows * columns * counts.down * counts.across)
    for row in 0..<rows {
      for column in 0..<columns {
        for i in 0..<counts.down {
          let step = (Double(i) + 0.5) * size.height / Double(counts.down)
          let y = region[1] + (Double(row) * size.height + step)
          for j in 0..<counts.across {
            let step = (Double(j) + 0.5) * size.width / Double(counts.across)
            append(y: y, x: region[0] + (Double(column) * size.width + step), to: &corners)
          }
        }
      }
    }
    return corners
  }

  private static func count(_ samples: Int, _ size: Double) -> Int? {
    if samples > 0 { return samples }
    let count = size.rounded(.up)
    guard count.isFinite, count < Double(1 << 20) else { return nil }
    return max(0, Int(count))
  }

  private func append(y: Double, x: Double, to corners: inout [Corner]) {
    guard y >= -1, y <= Double(height), x >= -1, x <= Double(width) else {
      for _ in 0..<4 { corners.append(Corner(place: 0, weight: 0)) }
      return
    }
    let (top, bottom, below) = Self.neighbours(y, height)
    let (left, right, after) = Self.neighbours(x, width)
    corners.append(Corner(place: top * width + left, weight: (1 - below) * (1 - after)))
    corners.append(Corner(place: top * width + right, weight: (1 - below) * after))
    corners.append(Corner(place: bottom * width + left, weight: below * (1 - after)))
    corners.append(Corner(place: bottom * width + right, weight: below * after))
  }

  private static func neighbours(_ x: Double, _ length: Int) -> (Int, Int, Double) {
    let x = max(x, 0)
    let low = Int(x)
    guard low < length - 1 else { return (length - 1, length - 1, 0) }
    return (low, low + 1, x - Double(low))
  }

  /// The largest element of each cell, whose edges are whole elements; 0 for cells outside.
  ///
  /// - Parameter region: left, top, right and bottom, the last two included.
  package func largest(_ region: [Int], of plane: UnsafePointer<Double>) -> [Double] {
    let cellHeight = Double(max(region[3] - region[1] + 1, 1)) / Double(rows)
    let cellWidth = Double(max(region[2] - region[0] + 1, 1)) / Double(columns)
    func span(_ cell: Int, _ size: Double, _ start: Int, _ limit: Int) -> Range<Int> {
      let low = min(max(Int((Double(cell) * size).rounded(.down)) + start, 0), limit)
      let high = min(max(Int((Double(cell + 1) * size).rounded(.up)) + start, 0), limit)
      return low..<max(low, high)
    }
    var results: [Double] = []
    for row in 0..<rows {
      let lines = span(row, cellHeight, region[1], height)
      for column in 0..<columns {
        let places = span(column, cellWidth, region[0], width)
        var best: Double?
        for y in lines {
          for x in places { best = max(best ?? -.infinity, plane[y * width + x]) }
        }
        results.append(best ?? 0)
      }
    }
    return results
  }
}

/// A region of one picture out of a batch.
package struct Region: Sendable {
  /// Left, top, right and bottom, in elements.
  let box: [Double]
  let picture: Int
  let counts: (down: Int, across: Int)

  /// - Parameter counts: how many samples a cell has, of `RegionGrid.sampleCounts`.
  package init(box: [Double], picture: Int, counts: (down: Int, across: Int)) {
    self.box = box
    self.picture = picture
    self.counts = counts
  }
}

/// The cells of regions of pictures `[N, C, H, W]`, each the mean of its samples or, where `largest`
/// is set, the largest weighted neighbour of a sample, in float or double.
///
/// - Parameters:
///   - atLeastOne: whether a region is widened to one element.
///   - y: `[regions, C, rows, columns]`.
/// - Returns: false for other element types.
package func alignRegions(
  _ grid: RegionGrid, _ regions: [Region], atLeastOne: Bool, largest: Bool, _ x: Source,
  into y: Target
) -> Bool {
  func run<T: BinaryFloatingPoint & BitwiseCopyable>(_ type: T.Type) {
    let (data, results) = (x.bytes.base(T.self), y.bytes.base(T.self))
    let channels = x.shape[1], plane = grid.height * grid.width, cells = grid.rows * grid.columns
    parallel(regions.count, grain: max(1, (1 << 12) / max(1, channels * cells))) { range in
      for index in range {
        let region = regions[index]
        let corners = grid.corners(region.box, region.counts, atLeastOne: atLeastOne)
        let samples = region.counts.down * region.counts.across
        corners.withUnsafeBufferPointer { corners in
          for channel in 0..<channels {
            let source = data + (region.picture * channels + channel) * plane
            let target = results + (index * channels + channel) * cells
            for cell in 0..<cells {
              let own = corners[cell * 4 * samples..<(cell + 1) * 4 * samples]
              var value = largest && !own.isEmpty ? -Double.infinity : 0
              for corner in own {
                let part = corner.weight * Double(source[corner.place])
                value = largest ? Swift.max(value, part) : value + part
              }
              (target + cell).initialize(to: T(largest ? value : value / Double(max(1, samples))))
            }
          }
        }
      }
    }
  }
  guard x.scalar == y.scalar, x.shape.count == 4 else { return false }
  switch x.scalar {
  case .float: run(Float.self)
  case .double: run(Double.self)
  default: return false
  }
  return true
}
