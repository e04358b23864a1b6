internal import IR
internal import Operators

extension StepGraph {
  /// The functions that a step computes of each element of its input 0.
  func elementFunctions(_ step: Step) -> [ElementFunction]? {
    if case .function(let functions) = step.form { return functions }
    guard case .plain = step.form else { return nil }
    switch step.op.computation {
    case .clamp(let fixed)?:
      guard let bounds = fixed ?? bounds(step) else { return nil }
      return [.clip(bounds.lowerBound, bounds.upperBound)]
    case .function(let function)?: return backend.functions(of: function)
    default: return nil
    }
  }

  /// The bounds in inputs 1 and 2, where they are constant; an absent one is the largest number of its
  /// sign.
  private func bounds(_ step: Step) -> ClosedRange<Float>? {
    var bounds = [-Float.greatestFiniteMagnitude, .greatestFiniteMagnitude]
    for index in 1...2 {
      guard let slot = step.inputs[safe: index] ?? nil else { continue }
      guard let number = number(slot) else { return nil }
      bounds[index - 1] = number
    }
    return bounds[0] <= bounds[1] ? bounds[0]...bounds[1] : nil
  }
}
