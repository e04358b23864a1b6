internal import COneDNN
internal import Execution
internal import IR
internal import Kernels

/// An operation of two operands, one of them in a layout of oneDNN's: by a primitive where there is
/// a fast one, else by the kernel, element by element in the order in which they lie in memory.
final class BinaryInOrder: FastStep {
  private let function: BinaryFunction
  private let primitive: PreparedStep

  init(_ function: BinaryFunction, _ primitive: PreparedStep) {
    self.function = function
    self.primitive = primitive
  }

  func run(_ call: FastCall) throws(ModelError) -> [RuntimeTensor?]? {
    // Before the result takes an operand's place.
    let bound = bound(call)
    guard let results = try compute(call) else { return nil }
    if let result = results[0], result.bound == nil, let bound, bound < Reach.limit {
      result.bound = (bound, false)
    }
    return results
  }

  /// What no magnitude of the results exceeds, so that what clamps them need not look at each of them
  /// (`Reach`); nil where that does not follow from what is known of the operands.
  private func bound(_ call: FastCall) -> Double? {
    func bound(_ operand: RuntimeTensor?) -> Double? {
      guard let operand, operand.elementType == .float else { return nil }
      return operand.count <= 1 << 12 ? operand.magnitude() : operand.bound?.value
    }
    guard let a = bound(call.operands[0]), let b = bound(call.operands[1]) else { return nil }
    switch function {
    case .add, .subtract: return a + b
    case .multiply: return a * b
    default: return nil
    }
  }

  private func compute(_ call: FastCall) throws(ModelError) -> [RuntimeTensor?]? {
    if let results = try primitive.run(call) { return results }
    guard let a = call.operands[0], let b = call.operands[1] else { return nil }
    if let order = a.layout?.descriptor.order, let shape = shape(of: b, beside: a, order) {
      return try run(call, 0, order.map { a.shape[$0] }, shape)
    }
    if let order = b.layout?.descriptor.order, let shape = shape(of: a, beside: b, order) {
      return try run(call, 1, order.map { b.shape[$0] }, shape)
    }
    return nil
  }

  /// The lengths of an operand along the axes of `whole` in another order, where its elements lie in
  /// that order and stretch to those of `whole`.
  private func shape(
    of operand: RuntimeTensor, beside whole: RuntimeTensor, _ order: [Int]
  ) -> [Int]? {
    let missing = whole.shape.count - operand.shape.count
    guard order.count == whole.shape.count, missing >= 0 else { return nil }
    let padded = [Int](repeating: 1, count: missing) + operand.shape
    guard zip(padded, whole.shape).allSatisfy({ $0 == $1 || $0 == 1 }) else { return nil }
    if let layout = operand.layout {
      guard let other = whole.layout, layout.descriptor.isSame(as: other.descriptor) else {
        return nil
      }
    } else if padded.count(where: { $0 != 1 }) > 1 {
      return nil
    }
    return order.map { padded[$0] }
  }

  /// - Parameters:
  ///   - index: the operand with the shape of the result.
  ///   - shape: its lengths in the order of memory.
  ///   - other: those of the other operand.
  private func run(
    _ call: FastCall, _ index: Int, _ shape: [Int], _ other: [Int]
  ) throws(ModelError) -> [RuntimeTensor?]? {
    guard let whole = call.operands[index], let part = call.operands[1 - index],
      whole.bytes.count == 4 * whole.count, part.bytes.count >= 4 * part.count
    else { return nil }
    let isFree = call.dying[index] && whole.writableInPlace != nil
    let result = isFree ? whole : try call.pool.tensor(call.label, .float, whole.shape)
    let first = Source(.float, shape, whole.bytes), second = Source(.float, other, part.bytes)
    let target = Target(.float, shape, result.target)
    let done =
      index == 0
      ? binary(function, first, second, into: target)
      : binary(function, second, first, into: target)
    guard done else { return nil }
    return [
      RuntimeTensor(
        .float, whole.shape, result.bytes, owner: result.owner, arrangement: whole.arrangement)
    ]
  }
}
