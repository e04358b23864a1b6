/// Products of matrices, one a head: of all rows of `a` with all rows, or columns, of `b`. Several
/// heads of `a` in a row go with one of `b`.
///
/// - Parameters:
///   - a: `[heads, m, k]`, the heads of all samples.
///   - b: `[heads / group, n, k]` if `transposed`, else `[heads / group, k, n]`.
/// - Returns: `[heads, m, n]`.
package func headProducts(
  _ a: [Double], _ b: [Double], heads: Int, group: Int, m: Int, n: Int, k: Int, transposed: Bool
) -> [Double] {
  var y = [Double](repeating: 0, count: heads * m * n)
  for head in 0..<heads {
    let other = head / group * n * k
    for i in 0..<m {
      let row = (head * m + i) * k, target = (head * m + i) * n
      for j in 0..<k {
        let factor = a[row + j]
        if transposed {
          for column in 0..<n { y[target + column] += factor * b[other + column * k + j] }
        } else {
          for column in 0..<n { y[target + column] += factor * b[other + j * n + column] }
        }
      }
    }
  }
  return y
}
