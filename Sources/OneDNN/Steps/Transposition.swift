internal import COneDNN
internal import Execution
internal import IR
internal import Operators

/// Transpose without moving anything: the same memory under a layout with the axes in another order.
/// Whoever needs the elements row-major reorders them.
final class TransposedView: FastStep {
  private let permutation: [Int]?
  /// The layouts made so far, each for a layout or shape of the operand.
  private var known:
    [(type: ElementType, shape: [Int], layout: (any Arrangement)?, result: Layout?)] = []

  init(_ permutation: [Int]?) { self.permutation = permutation }

  func takes(_ operands: [RuntimeTensor?]) -> Bool {
    operands.allSatisfy { ($0?.elementType).flatMap { dnnl_data_type_t($0) } != nil }
  }

  func run(_ call: FastCall) throws(ModelError) -> [RuntimeTensor?]? {
    guard let x = call.operands[0], x.shape.count > 1 else { return nil }
    let order = permutation ?? Array(x.shape.indices.reversed())
    guard order.count == x.shape.count else { return nil }
    let shape = order.map { x.shape[$0] }
    if let found = known.last(where: {
      $0.type == x.elementType && $0.shape == x.shape && $0.layout === x.arrangement
    }) {
      return [view(x, shape, found.result)]
    }
    guard let permuted = x.descriptor(of: x.shape)?.withAxes(order) else { return nil }
    let result = permuted.isRowMajor ? nil : Layout(permuted)
    if known.count == PreparedStep.limit { known.removeFirst() }
    known.append((x.elementType, x.shape, x.arrangement, result))
    return [view(x, shape, result)]
  }

  private func view(_ x: RuntimeTensor, _ shape: [Int], _ layout: Layout?) -> RuntimeTensor {
    RuntimeTensor(x.elementType, shape, x.bytes, owner: x.owner, arrangement: layout)
  }
}
