internal import IR
internal import Operators

extension StepGraph {
  /// Joins a concatenation of channels with the normalisation that alone reads it, so that the parts
  /// are read where they lie.
  mutating func joinConcatenations() {
    for index in steps.indices {
      guard let step = steps[index], case .plain = step.form,
        case .concatenation(let axis)? = step.op.computation, axis == 1 || axis < 0,
        let slot = step.outputs.first ?? nil,
        let (place, next) = onlyReader(slot), let (factor, offset, clamps) = normalization(next)
      else { continue }
      replace(
        [index, place],
        with: Step(
          step, inputs: step.inputs, outputs: [next.outputs[0]],
          form: .normalizedParts(factor: factor, offset: offset, clamps: clamps),
          parts: [step, next]))
    }
  }

  /// What a normalisation with constant statistics multiplies with and adds, and whether it clamps at
  /// zero after that.
  private func normalization(_ step: Step) -> (factor: [Float], offset: [Float], clamps: Bool)? {
    guard case .channelNormalization(let epsilon)? = step.op.computation,
      step.outputs.dropFirst().allSatisfy({ $0 == nil })
    else { return nil }
    switch step.form {
    case .plain: return affine(step, epsilon: epsilon).map { ($0, $1, false) }
    case .chain(let operations, _) where operations.allSatisfy(\.isRelu):
      // The normalisation's own operands come first.
      return affine(step, epsilon: epsilon).map { ($0, $1, true) }
    default: return nil
    }
  }
}
