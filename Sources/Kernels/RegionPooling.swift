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
  package struct Corner {
    let place: Int
    let weight: Double
  }

  /// The neighbours of the samples of each cell, four a sample; none for samples outside.
  ///
  /// - Parameters:
  ///   - region: left, top, right and bottom in elements of the plane.
  ///   - samples: samples a cell along each axis; 0 for as many as a cell has elements.
  ///   - atLeastOne: whether a region is widened to one element.
  /// - Returns: nil when there are more samples than memory should hold.
  package func samples(
    _ region: [Double], _ samples: Int, atLeastOne: Bool
  ) -> (corners: [[Corner]], count: Int)? {
    var across = region[2] - region[0], down = region[3] - region[1]
    if atLeastOne { (across, down) = (max(across, 1), max(down, 1)) }
    let cellHeight = down / Double(rows), cellWidth = across / Double(columns)
    guard let countY = Self.count(samples, cellHeight), let countX = Self.count(samples, cellWidth),
      countX * countY <= 1 << 20
    else { return nil }
    var cells: [[Corner]] = []
    for row in 0..<rows {
      for column in 0..<columns {
        var corners: [Corner] = []
        for i in 0..<countY {
          let offsetY = Double(row) * cellHeight + (Double(i) + 0.5) * cellHeight / Double(countY)
          for j in 0..<countX {
            let offsetX =
              Double(column) * cellWidth + (Double(j) + 0.5) * cellWidth / Double(countX)
            corners += self.corners(y: region[1] + offsetY, x: region[0] + offsetX)
          }
        }
        cells.append(corners)
      }
    }
    return (cells, max(1, countX * countY))
  }

  private static func count(_ samples: Int, _ size: Double) -> Int? {
    if samples > 0 { return samples }
    let count = size.rounded(.up)
    guard count.isFinite, count < Double(1 << 20) else { return nil }
    return max(0, Int(count))
  }

  private func corners(y: Double, x: Double) -> [Corner] {
    guard y >= -1, y <= Double(height), x >= -1, x <= Double(width) else {
      return [Corner](repeating: Corner(place: 0, weight: 0), count: 4)
    }
    let (top, bottom, below) = Self.neighbours(y, height)
    let (left, right, after) = Self.neighbours(x, width)
    return [
      Corner(place: top * width + left, weight: (1 - below) * (1 - after)),
      Corner(place: top * width + right, weight: (1 - below) * after),
      Corner(place: bottom * width + left, weight: below * (1 - after)),
      Corner(place: bottom * width + right, weight: below * after),
    ]
  }

  private static func neighbours(_ x: Double, _ length: Int) -> (Int, Int, Double) {
    let x = max(x, 0)
    let low = Int(x)
    guard low < length - 1 else { return (length - 1, length - 1, 0) }
    return (low, low + 1, x - Double(low))
  }

  /// The mean of a cell's samples, or their largest weighted neighbour.
  package static func value(
    _ corners: [Corner], count: Int, of plane: UnsafePointer<Double>, largest: Bool
  ) -> Double {
    if largest {
      return corners.map { $0.weight * plane[$0.place] }.max() ?? 0
    }
    return corners.reduce(0) { $0 + $1.weight * plane[$1.place] } / Double(count)
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
