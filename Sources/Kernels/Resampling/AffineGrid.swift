/// The positions, from -1 to 1, that affine maps send the elements of a grid to.
///
/// - Parameters:
///   - maps: matrices of r rows and r + 1 columns, one after another.
///   - lengths: the grid's r lengths.
///   - alignsCorners: whether -1 and 1 are the middles of the outermost elements, not their edges.
///   - y: r coordinates for each map and element, the innermost axis first.
/// - Returns: false for types other than float and double.
package func affineGrid(
  _ maps: [Double], lengths: [Int], alignsCorners: Bool, into y: Target
) -> Bool {
  switch y.scalar {
  case .float: affineGrid(maps, lengths, alignsCorners, y.elements(Float.self))
  case .double: affineGrid(maps, lengths, alignsCorners, y.elements(Double.self))
  default: return false
  }
  return true
}

private func affineGrid<T: BinaryFloatingPoint>(
  _ maps: [Double], _ lengths: [Int], _ alignsCorners: Bool, _ grid: UnsafeMutableBufferPointer<T>
) {
  let rank = lengths.count
  let count = lengths.reduce(1, *)
  let steps = strides(of: lengths)
  func coordinate(_ axis: Int, _ element: Int) -> Double {
    let length = lengths[axis], index = element / steps[axis] % length
    if alignsCorners { return length > 1 ? 2 * Double(index) / Double(length - 1) - 1 : 0 }
    return (2 * Double(index) + 1) / Double(length) - 1
  }
  let size = rank * (rank + 1)
  for map in 0..<maps.count / size {
    for element in 0..<count {
      let coordinates = (0..<rank).map { coordinate(rank - 1 - $0, element) }
      for row in 0..<rank {
        let first = map * size + row * (rank + 1)
        var sum = maps[first + rank]
        for column in 0..<rank { sum += maps[first + column] * coordinates[column] }
        grid[(map * count + element) * rank + row] = T(sum)
      }
    }
  }
}
