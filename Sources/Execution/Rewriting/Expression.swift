internal import IR
internal import Kernels
internal import Operators

/// The form of an expression over one value, to be found among steps.
indirect enum Pattern: Sendable {
  /// The value that the whole expression depends on: the same slot wherever it stands.
  case source
  /// A constant of one element, to six digits.
  case number(Float)
  /// A constant of one element, noted by its place in `Match.numbers`.
  case anyNumber
  /// A constant, noted in `Match.constants`.
  case constant
  case function(UnaryFunction, Pattern)
  case clip(Float, Float, Pattern)
  /// Either order of operands where the function commutes.
  case binary(BinaryFunction, Pattern, Pattern)
  /// The average along one axis, which stays; noted in `Match.axes`.
  case mean(Pattern)

  /// Whether the pattern may end in a step of this function of two operands, or of none: a look
  /// that spares most steps the search.
  func canEnd(in function: BinaryFunction?) -> Bool {
    if case .binary(let last, _, _) = self { last == function } else { true }
  }
}

/// What a pattern was found in.
struct Match {
  var source: Int?
  var numbers: [Float] = []
  var constants: [Int] = []
  var axes: [Int] = []
  /// The steps, each once.
  var members: [Int] = []
}

extension StepGraph {
  /// Finds a pattern whose value the step at `index` computes, with nothing else reading what lies
  /// within.
  func match(_ pattern: Pattern, at index: Int) -> Match? {
    guard let step = steps[index], step.outputs.count == 1, let slot = step.outputs[0] else {
      return nil
    }
    guard let match = match(pattern, slot, Match()), match.members.count > 1,
      isPrivate(match.members, but: index)
    else { return nil }
    return match
  }

  private func match(_ pattern: Pattern, _ slot: Int, _ match: Match) -> Match? {
    var match = match
    switch pattern {
    case .source:
      guard match.source.map({ $0 == slot }) ?? (constant(slot) == nil) else { return nil }
      match.source = slot
      return match
    case .number(let wanted):
      guard let number = number(slot), abs(number - wanted) <= 1e-6 * max(1, abs(wanted)) else {
        return nil
      }
      return match
    case .anyNumber:
      guard let number = number(slot) else { return nil }
      match.numbers.append(number)
      return match
    case .constant:
      guard constant(slot)?.elementType == .float else { return nil }
      match.constants.append(slot)
      return match
    case .function, .clip, .binary, .mean:
      guard let (index, step) = producer(slot), case .plain = step.form, step.outputs.count == 1
      else { return nil }
      if !match.members.contains(index) { match.members.append(index) }
      return self.match(pattern, step, match)
    }
  }

  private func match(_ pattern: Pattern, _ step: Step, _ match: Match) -> Match? {
    guard let first = step.inputs.first ?? nil else { return nil }
    switch pattern {
    case .function(let function, let inner):
      guard let op = step.op as? any UnaryElementwise, op.function.isClose(to: function) else {
        return nil
      }
      return self.match(inner, first, match)
    case .clip(let low, let high, let inner):
      guard step.op is Clip, let functions = elementFunctions(step), functions.count == 1,
        functions[0].alpha == low, functions[0].beta == high
      else { return nil }
      return self.match(inner, first, match)
    case .binary(let function, let a, let b):
      guard step.binaryFunction == function, let second = step.inputs[1] else { return nil }
      if let half = self.match(a, first, match), let whole = self.match(b, second, half) {
        return whole
      }
      guard function == .add || function == .multiply,
        let half = self.match(a, second, match)
      else { return nil }
      return self.match(b, first, half)
    case .mean(let inner):
      guard let op = step.op as? any Reduction, op.function == .mean, op.settings.keepsAxes,
        let axes = op.settings.axes ?? constant(step.inputs[safe: 1] ?? nil)?.view.integers,
        axes.count == 1
      else { return nil }
      var match = match
      match.axes.append(axes[0])
      return self.match(inner, first, match)
    case .source, .number, .anyNumber, .constant: return nil
    }
  }
}

extension UnaryFunction {
  /// Whether both are the same function to six digits of their parameters.
  fileprivate func isClose(to other: UnaryFunction) -> Bool {
    guard case .hardSigmoid(let a, let b) = self, case .hardSigmoid(let c, let d) = other else {
      return self == other
    }
    return Swift.abs(a - c) < 1e-6 && Swift.abs(b - d) < 1e-6
  }
}
