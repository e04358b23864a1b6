/// The determinant of a square matrix of `n` rows, by elimination with the largest pivot.
package func determinant(_ matrix: ArraySlice<Double>, rows n: Int) -> Double {
  var a = Array(matrix)
  var result = 1.0
  for column in 0..<n {
    let pivot = (column..<n).max { abs(a[$0 * n + column]) < abs(a[$1 * n + column]) } ?? column
    let value = a[pivot * n + column]
    if value == 0 { return 0 }
    result *= value
    if pivot != column {
      result = -result
      for k in column..<n { a.swapAt(pivot * n + k, column * n + k) }
    }
    for row in column + 1..<max(n, column + 1) {
      let factor = a[row * n + column] / value
      guard factor != 0 else { continue }
      for k in column..<n { a[row * n + k] -= factor * a[column * n + k] }
    }
  }
  return result
}
