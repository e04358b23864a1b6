package import IR

/// Products of matrices and sums of products.
extension GradientCall {
  /// The cotangents of a product of stacks of matrices.
  package func matrixProduct() throws(ModelError) -> [Term?] {
    var g = try cotangent(0), a = try input(0), b = try input(1)
    let left = a, right = b
    // Vectors are matrices of one row or column.
    let rank = try shape(0).rank, other = try shape(1).rank
    let outputRank = max(rank, other, 2)
    if other == 1 {
      b = b.unsqueezed([1])
      g = g.unsqueezed([max(0, rank - 1)])
    }
    if rank == 1 {
      a = a.unsqueezed([0])
      g = g.unsqueezed([outputRank - 2])
    }
    guard let x = a.type.shape, let w = b.type.shape, let y = g.type.shape else {
      throw unknown("the ranks of its operands")
    }
    let data = g.times(b.matrixTransposed(rank: w.rank)).typed(
      as: product(y, columns: w[w.rank - 2], rows: y[y.rank - 2]))
    let weight: Term
    if w.rank == 2, let k = w[0].value, let n = w[1].value {
      // One matrix for a whole stack: all rows below each other.
      weight = a.reshaped([-1, k]).product(
        g.reshaped([-1, n]), transposed: (true, false), as: b.type)
    } else {
      weight = a.matrixTransposed(rank: x.rank).times(g).typed(
        as: product(y, columns: y[y.rank - 1], rows: x[x.rank - 1]))
    }
    return [
      data.summed(like: a).reshaped(like: left), weight.summed(like: b).reshaped(like: right),
    ]
  }

  private func product(_ stack: Shape, columns: Dimension, rows: Dimension) -> TensorType {
    var shape = stack
    shape[shape.rank - 1] = columns
    shape[shape.rank - 2] = rows
    return TensorType(facts.elementType(0), shape)
  }

  /// The cotangents of a sum of products over named axes.
  func einsum(
    _ operands: [[EinsumEquation.Label]], _ output: [EinsumEquation.Label]
  ) throws(ModelError) -> [Term?] {
    let g = try cotangent(0)
    var letters: [EinsumEquation.Label: Character] = [:]
    let alphabet = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    for label in operands.flatMap({ $0 }) where letters[label] == nil {
      guard letters.count < alphabet.count else { throw unknown("fewer axes") }
      letters[label] = alphabet[letters.count]
    }
    func text(_ labels: [EinsumEquation.Label]) -> String {
      String(labels.compactMap { letters[$0] })
    }
    var result: [Term?] = []
    for (index, own) in operands.enumerated() {
      guard Set(own).count == own.count else { throw unknown("one axis a letter") }
      let others = operands.indices.filter { $0 != index }
      let reachable = Set(output).union(others.flatMap { operands[$0] })
      let x = try input(index)
      // Axes that were summed over alone are put in again.
      let present = own.filter { reachable.contains($0) }
      let equation =
        ([text(output)] + others.map { text(operands[$0]) }).joined(separator: ",") + "->"
        + text(present)
      let inputs = try [g.id] + others.map { other throws(ModelError) in try input(other).id }
      let id = builder.node(
        Einsum.schema.op, inputs, [Attribute("equation", .string(Array(equation.utf8)))])
      let missing = own.indices.filter { !reachable.contains(own[$0]) }
      let shape = x.type.shape.map { shape in
        Shape(own.indices.filter { !missing.contains($0) }.map { shape[$0] })
      }
      let term = Term(builder, id, TensorType(x.type.elementType, shape)).unsqueezed(missing)
      result.append(missing.isEmpty ? term.summed(like: x) : term.expanded(like: x))
    }
    return result
  }
}
