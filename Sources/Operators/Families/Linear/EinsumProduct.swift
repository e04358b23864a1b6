import IR
import Kernels

/// The arithmetic of Einsum: operands are joined one after another by products of matrices.
struct EinsumProduct {
  typealias Label = EinsumEquation.Label

  /// A tensor whose axes have names.
  struct Operand {
    var labels: [Label]
    var tensor: ScratchTensor

    var shape: [Int] { tensor.shape }
  }

  let context: Evaluation
  let space: ScratchSpace
  /// The length of each axis.
  let lengths: [Label: Int]

  /// A tensor with each label once: diagonals of repeated ones, without stretched axes, and summed
  /// over labels that nobody needs.
  func simplified(
    _ source: Source, _ labels: [Label], needed: Set<Label>
  ) throws(ModelError) -> Operand {
    let steps = strides(of: source.shape)
    var order: [Label] = []
    var places: [Label: Int] = [:]
    for (axis, label) in labels.enumerated() where source.shape[axis] == lengths[label] {
      if places[label] == nil { order.append(label) }
      places[label, default: 0] += steps[axis]
    }
    let tensor = space.copy(
      source, shape: order.map { lengths[$0] ?? 1 }, strides: order.map { places[$0] ?? 0 })
    return try summed(Operand(labels: order, tensor: tensor), needed: needed)
  }

  private func summed(_ operand: Operand, needed: Set<Label>) throws(ModelError) -> Operand {
    let axes = operand.labels.indices.filter { !needed.contains(operand.labels[$0]) }
    guard !axes.isEmpty else { return operand }
    let kept = operand.labels.indices.filter { !axes.contains($0) }
    let result = space.zeros(operand.tensor.target.scalar, kept.map { operand.shape[$0] })
    guard reduce(.sum, operand.tensor.source, axes: axes, into: result.target) else {
      throw context.unsupportedTypes([0])
    }
    return Operand(labels: kept.map { operand.labels[$0] }, tensor: result)
  }

  /// The sum of products of two operands over labels that are not needed afterwards.
  func joined(
    _ left: Operand, _ right: Operand, needed: Set<Label>
  ) throws(ModelError) -> Operand {
    let a = try summed(left, needed: needed.union(right.labels))
    let b = try summed(right, needed: needed.union(left.labels))
    let shared = a.labels.filter { b.labels.contains($0) }
    let batch = shared.filter { needed.contains($0) }
    let inner = shared.filter { !needed.contains($0) }
    let rows = a.labels.filter { !b.labels.contains($0) }
    let columns = b.labels.filter { !a.labels.contains($0) }
    func count(_ labels: [Label]) throws(ModelError) -> Int {
      try context.checkedCount(labels.map { lengths[$0] ?? 1 })
    }
    var shape = MatrixProductShape(m: try count(rows), n: try count(columns), k: try count(inner))
    shape.batchesA = Array(0..<(try count(batch)))
    shape.batchesB = shape.batchesA
    let labels = batch + rows + columns
    let extents = labels.map { lengths[$0] ?? 1 }
    _ = try context.checkedCount(extents)
    let result = space.zeros(a.tensor.target.scalar, extents)
    let first = ordered(a, batch + rows + inner), second = ordered(b, batch + inner + columns)
    guard matrixProduct(shape, first.source, second.source, into: result.target) else {
      throw context.unsupportedTypes([0])
    }
    return Operand(labels: labels, tensor: result)
  }

  /// The operand with its axes in the given order.
  func ordered(_ operand: Operand, _ labels: [Label]) -> ScratchTensor {
    let order = labels.compactMap { operand.labels.firstIndex(of: $0) }
    guard order != Array(operand.labels.indices) else { return operand.tensor }
    return space.copy(operand.tensor.source, order: order)
  }
}
