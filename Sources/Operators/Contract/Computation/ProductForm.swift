package import Kernels

/// How two inputs are multiplied as matrices.
package enum ProductForm: Sendable {
  /// Stacks of matrices, as `numpy.matmul` takes them (`BatchedProduct`).
  case stacks
  /// Two matrices, with a factor and an addend.
  case matrices(MatrixProductForm)
  /// Axes by name. The closure is given the shapes of both inputs.
  case axes(@Sendable ([[Int]]) -> ProductAxes?)
}

/// `alpha·A'·B' + beta·C` of inputs A, B and C, the last of which may be left out and broadcasts.
package struct MatrixProductForm: Sendable {
  package let transposesLeft: Bool
  package let transposesRight: Bool
  package let alpha: Float
  package let beta: Float

  package init(transposesLeft: Bool, transposesRight: Bool, alpha: Float, beta: Float) {
    self.transposesLeft = transposesLeft
    self.transposesRight = transposesRight
    self.alpha = alpha
    self.beta = beta
  }

  /// Whether nothing is multiplied with the sums or with what is added to them.
  package var isPlain: Bool { alpha == 1 && beta == 1 }

  /// The lengths for matrices of the given shapes; nil where these do not go together.
  package func shape(_ left: [Int], _ right: [Int]) -> MatrixProductShape? {
    guard left.count == 2, right.count == 2 else { return nil }
    let (m, k) = transposesLeft ? (left[1], left[0]) : (left[0], left[1])
    let (other, n) = transposesRight ? (right[1], right[0]) : (right[0], right[1])
    guard k == other else { return nil }
    var shape = MatrixProductShape(m: m, n: n, k: k)
    shape.transposedA = transposesLeft
    shape.transposedB = transposesRight
    return shape
  }
}

/// How two operands are matrices, several of each, whose products are the result.
package struct ProductAxes: Sendable {
  /// The axes of the operands: those that both and the output have, then rows and the axis that is
  /// summed over, or that one and columns.
  package let left: [Int]
  package let right: [Int]
  /// For each axis of the output its place among shared axes, rows and columns.
  package let output: [Int]

  package init(left: [Int], right: [Int], output: [Int]) {
    self.left = left
    self.right = right
    self.output = output
  }
}
