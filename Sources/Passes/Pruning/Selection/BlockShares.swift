/// How many channels each run of a group keeps where two grouped operators cut its channels in
/// different ways, as they do before and behind a shuffle: all blocks of one must keep the same
/// number, and all blocks of the other.
///
/// The runs are the cells of a table with the blocks of one operator as rows and those of the other
/// as columns. Cells start from their share, rounded down; one more channel at a time is then found
/// room for, along paths that take from a cell what they give to its neighbours.
struct BlockShares {
  private let sizes: [Int]
  private let exact: [Double]
  private let rows: [Int]
  private let columns: [Int]
  private let rowCount: Int
  private let columnCount: Int

  /// - Parameters:
  ///   - sizes: the channels of each run.
  ///   - places: for each run its block in each grouped operator.
  ///   - exact: what each run would keep were there no rounding.
  /// - Returns: nil where there are not exactly two ways of cutting, each of all runs.
  init?(sizes: [Int], places: [[ChannelGroup.BlockPlace]], exact: [Double]) {
    guard let first = places.first else { return nil }
    var partitions: [[Int]] = []
    for constraint in first.map(\.constraint) {
      var numbers: [Int: Int] = [:]
      var partition: [Int] = []
      for place in places {
        guard let block = place.first(where: { $0.constraint == constraint })?.block else {
          return nil
        }
        let number = numbers[block] ?? numbers.count
        numbers[block] = number
        partition.append(number)
      }
      if !partitions.contains(partition) { partitions.append(partition) }
    }
    let known = Set(first.map(\.constraint))
    guard partitions.count == 2, places.allSatisfy({ Set($0.map(\.constraint)) == known }) else {
      return nil
    }
    (rows, columns) = (partitions[0], partitions[1])
    rowCount = (rows.max() ?? 0) + 1
    columnCount = (columns.max() ?? 0) + 1
    (self.sizes, self.exact) = (sizes, exact)
  }

  /// The widths of all runs, which add up to a multiple of `step`; nil where there are none.
  ///
  /// - Parameter least: what each run keeps at least.
  func widths(least: [Int], step: Int) -> [Int]? {
    let unit = leastCommonMultiple(step, leastCommonMultiple(rowCount, columnCount))
    let wanted = exact.reduce(0, +) / Double(unit)
    let nearest = max(Int(wanted.rounded(.toNearestOrEven)), 1)
    // Where the nearest total cannot be shared evenly, the next ones may.
    for total in [nearest, nearest + 1, nearest + 2] where total * unit <= sizes.reduce(0, +) {
      let shares = sizes.indices.map { min(max(Int(exact[$0]), least[$0]), sizes[$0]) }
      for start in [shares, least] {
        if let widths = fill(start, least: least, total: total * unit) { return widths }
      }
    }
    return nil
  }

  /// Adds channels to `start` until every row and every column has its part of `total`.
  private func fill(_ start: [Int], least: [Int], total: Int) -> [Int]? {
    var kept = start
    var missingRows = [Int](repeating: total / rowCount, count: rowCount)
    var missingColumns = [Int](repeating: total / columnCount, count: columnCount)
    for cell in kept.indices {
      missingRows[rows[cell]] -= kept[cell]
      missingColumns[columns[cell]] -= kept[cell]
    }
    guard (missingRows + missingColumns).allSatisfy({ $0 >= 0 }) else { return nil }
    while let row = missingRows.firstIndex(where: { $0 > 0 }) {
      guard let path = path(from: row, to: missingColumns, kept, least) else { return nil }
      for (place, cell) in path.enumerated() { kept[cell] += place.isMultiple(of: 2) ? 1 : -1 }
      missingRows[row] -= 1
      if let last = path.last { missingColumns[columns[last]] -= 1 }
    }
    return kept
  }

  /// The shortest row of cells that gain and lose a channel in turn, from a row of the table to a
  /// column that lacks one.
  private func path(
    from row: Int, to missing: [Int], _ kept: [Int], _ least: [Int]
  ) -> [Int]? {
    // Those furthest below their share first.
    let order = sizes.indices.sorted {
      let a = exact[$0] - Double(kept[$0]), b = exact[$1] - Double(kept[$1])
      return a == b ? $0 < $1 : a > b
    }
    var paths = [(row: row, cells: [Int]())]
    var seenRows: Set<Int> = [row]
    var seenColumns: Set<Int> = []
    while !paths.isEmpty {
      var longer: [(row: Int, cells: [Int])] = []
      for path in paths {
        for gaining in order
        where rows[gaining] == path.row && kept[gaining] < sizes[gaining]
          && seenColumns.insert(columns[gaining]).inserted
        {
          if missing[columns[gaining]] > 0 { return path.cells + [gaining] }
          for losing in order.reversed()
          where columns[losing] == columns[gaining] && kept[losing] > least[losing]
            && seenRows.insert(rows[losing]).inserted
          {
            longer.append((rows[losing], path.cells + [gaining, losing]))
          }
        }
      }
      paths = longer
    }
    return nil
  }
}

private func leastCommonMultiple(_ a: Int, _ b: Int) -> Int {
  var (x, y) = (a, b)
  while y > 0 { (x, y) = (y, x % y) }
  return a / max(x, 1) * b
}
