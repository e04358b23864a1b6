/// The positions, from -1 to 1, that affine maps send the elements of a grid to.
///
/// - Parameters:
///   - maps: matrices of r rows and r + 1 columns, one after another.
///   - lengths: the grid's r lengths.
///   - alignsCorners: whether -1 and 1 are the middles of the outermost elements, not their edges.
///   - grid: r coordinates for each map and element, the innermost axis first.
package func affineGrid(
  _ maps: [Double], lengths: [Int], alignsCorners: Bool, into grid: inout [Double]
) {
  let rank = lengths.count
  let count = lengths.reduce(1, *)
  let steps = strides(of: lengths)
  let coordinates = lengths.map { length in
    (0..<length).map { index in
      if alignsCorners {
        return length > 1 ? 2 * Double(index) / Double(length - 1) - 1 : 0
      }
      return (2 * Double(index) + 1) / Double(length) - 1
    }
  }
  let size = rank * (rank + 1)
  for map in 0..<maps.count / size {
    for element in 0..<count {
      for row in 0..<rank {
        let first = map * size + row * (rank + 1)
        var sum = maps[first + rank]
        for column in 0..<rank {
          let axis = rank - 1 - column
          sum += maps[first + column] * coordinates[axis][element / steps[axis] % lengths[axis]]
        }
        grid[(map * count + element) * rank + row] = sum
      }
    }
  }
}
