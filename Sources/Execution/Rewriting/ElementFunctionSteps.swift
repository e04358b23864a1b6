internal import IR
internal import Kernels
internal import Operators

extension StepGraph {
  /// The functions that a step computes of each element of its input 0.
  func elementFunctions(_ step: Step) -> [ElementFunction]? {
    if case .function(let functions) = step.form { return functions }
    guard case .plain = step.form else { return nil }
    switch step.op {
    case let op as Clip:
      guard let bounds = bounds(op, step) else { return nil }
      return [.clip(bounds.lowerBound, bounds.upperBound)]
    case let op as any UnaryElementwise: return ElementFunction.of(op.function)
    default: return nil
    }
  }

  private func bounds(_ op: Clip, _ step: Step) -> ClosedRange<Float>? {
    if let fixed = op.fixed { return fixed }
    var bounds = [-Float.infinity, Float.infinity]
    for index in 1...2 {
      guard let slot = step.inputs[safe: index] ?? nil else { continue }
      guard let number = number(slot) else { return nil }
      bounds[index - 1] = number
    }
    return bounds[0] <= bounds[1] ? bounds[0]...bounds[1] : nil
  }
}
