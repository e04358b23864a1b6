internal import IR
internal import Operators

/// A fast step on floats, for floats of 16 bits as well: operands are widened before it, and
/// its result is rounded back.
final class WidenedStep: FastStep {
  private let fast: any FastStep
  /// The constants of 16 bits, widened; nil for other operands.
  private let constants: [RuntimeTensor?]
  private unowned let backend: any Backend

  /// - Parameter constants: of `RuntimeTensor.widened`, for the constants of 16 bits.
  init(_ fast: any FastStep, _ constants: [RuntimeTensor?], _ backend: any Backend) {
    self.fast = fast
    self.constants = constants
    self.backend = backend
  }

  var readsLayouts: Bool { fast.readsLayouts }

  func takes(_ operands: [RuntimeTensor?]) -> Bool {
    guard operands.contains(where: { $0?.elementType.isHalf ?? false }) else {
      return fast.takes(operands)
    }
    return operands.allSatisfy { operand in
      operand.map { $0.elementType == .float || $0.elementType.isHalf } ?? true
    }
  }

  func run(_ call: FastCall) throws(ModelError) -> [RuntimeTensor?]? {
    guard let half = call.operands.lazy.compactMap({ $0?.elementType }).first(where: \.isHalf)
    else { return try fast.run(call) }
    var operands = call.operands, dying = call.dying
    for (index, operand) in call.operands.enumerated() {
      guard let operand, operand.elementType.isHalf else { continue }
      if let constant = constants[safe: index] ?? nil {
        (operands[index], dying[index]) = (constant, false)
      } else {
        (operands[index], dying[index]) = (try adapted(operand, to: .float, call), true)
      }
    }
    let widened = FastCall(
      label: call.label, operands: operands, dying: dying, pool: call.pool, op: call.op)
    guard let results = try fast.run(widened) else { return nil }
    var narrowed: [RuntimeTensor?] = []
    for result in results {
      guard let result else {
        narrowed.append(nil)
        continue
      }
      guard let plain = try backend.rowMajor(result, call.label, call.pool) else { return nil }
      narrowed.append(try adapted(plain, to: half, call))
    }
    return narrowed
  }

  private func adapted(
    _ tensor: RuntimeTensor, to type: ElementType, _ call: FastCall
  ) throws(ModelError) -> RuntimeTensor {
    let result = try call.pool.tensor(call.label, type, tensor.shape)
    adapt(tensor.bytes, tensor.elementType, into: result.target, type, count: tensor.count)
    return result
  }
}
