internal import IR

/// A step that stands for others where its operand allows, by its accelerated way or else by the
/// kernel of its operator.
final class RecognisedStep: FastStep {
  private let step: Step
  private let fast: (any FastStep)?
  private let condition: OperandCondition

  init(_ step: Step, _ fast: (any FastStep)?, _ condition: OperandCondition) {
    self.step = step
    self.fast = fast
    self.condition = condition
  }

  var readsLayouts: Bool { fast?.readsLayouts ?? false }

  func takes(_ operands: [RuntimeTensor?]) -> Bool {
    fast?.takes(operands) ?? operands.allSatisfy { $0 == nil || $0?.elementType == .float }
  }

  func run(_ call: FastCall) throws(ModelError) -> [RuntimeTensor?]? {
    guard let operand = call.operands.first ?? nil, operand.shape.count >= condition.leastRank,
      condition.lastAxis.map({ $0 == -1 || $0 == operand.shape.count - 1 }) ?? true,
      !condition.sumsSquares || hasFiniteSquares(operand),
      condition.range.map({ range in
        operand.bytes.bindMemory(to: Float.self).allSatisfy { range.contains($0) }
      }) ?? true
    else { return nil }
    if let fast { return try fast.run(call) }
    return try Kernel.evaluate(step, call.operands, call.pool)
  }

  /// Whether sums of the squares along the last axis stay below the largest float, roundings included.
  private func hasFiniteSquares(_ operand: RuntimeTensor) -> Bool {
    guard let length = operand.shape.last, length > 0 else { return false }
    return operand.magnitude() < (1e38 / Double(length)).squareRoot()
  }
}
