package import IR

/// The elements that a softmax or its kin looks at together.
package struct AxisRuns: Sendable {
  /// As given: may be negative.
  package let axis: Int
  /// Whether all axes from `axis` on are taken together.
  package let flattens: Bool

  package init(axis: Int, flattens: Bool) {
    self.axis = axis
    self.flattens = flattens
  }

  /// The axis made non-negative; a matrix may also be split behind the last axis.
  package func split(rank: Int, label: String) throws(ModelError) -> Int {
    let last = flattens ? rank : rank - 1
    guard axis >= -rank, axis <= last else {
      throw ModelError(
        .invalid,
        "\(label), attribute 'axis': expected a value in [-\(rank), \(last)], found \(axis)")
    }
    return axis < 0 ? axis + rank : axis
  }

  /// How many elements are taken together, how far apart they are, and how many such runs lie one
  /// after another.
  package func lengths(
    _ shape: [Int], label: String
  ) throws(ModelError) -> (outer: Int, length: Int, inner: Int) {
    let axis = try split(rank: shape.count, label: label)
    return (
      outer: shape[..<axis].reduce(1, *),
      length: flattens ? shape[axis...].reduce(1, *) : shape[axis],
      inner: flattens ? 1 : shape[(axis + 1)...].reduce(1, *)
    )
  }
}

/// All axes from one on brought to variance or mean square 1.
package struct RowNormalizationForm: Sendable {
  /// The first normalised axis as given: may be negative.
  package let axis: Int
  /// What is added to the variance or mean square.
  package let epsilon: Float
  /// Whether the mean is taken off before.
  package let usesMean: Bool

  package init(axis: Int, epsilon: Float, usesMean: Bool) {
    self.axis = axis
    self.epsilon = epsilon
    self.usesMean = usesMean
  }

  /// The first normalised axis, made non-negative.
  package func first(rank: Int, label: String) throws(ModelError) -> Int {
    guard axis >= -rank, axis < rank else {
      throw ModelError(
        .invalid,
        "\(label), attribute 'axis': expected a value in [-\(rank), \(rank - 1)], found \(axis)")
    }
    return axis < 0 ? axis + rank : axis
  }
}
