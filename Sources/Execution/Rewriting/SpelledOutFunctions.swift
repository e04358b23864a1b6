internal import Kernels

/// Functions that exporters write as several operators.
enum SpelledOutFunction {
  /// The forms in which they come, larger ones before those they contain.
  static let known: [(pattern: Pattern, functions: [ElementFunction])] =
    gelu + tanhGelu + hardSwish + [
      (multiply(.source, .function(.sigmoid, .source)), [.swish]),
      (
        multiply(.source, .function(.tanh, .function(.softplus, .source))),
        ElementFunction.of(.mish) ?? []
      ),
      (
        .binary(.divide, clampedLine, .number(6)),
        ElementFunction.of(.hardSigmoid(alpha: 1 / 6, beta: 0.5)) ?? []
      ),
    ]

  private static func multiply(_ a: Pattern, _ b: Pattern) -> Pattern { .binary(.multiply, a, b) }
  private static func add(_ a: Pattern, _ b: Pattern) -> Pattern { .binary(.add, a, b) }

  /// min(max(x + 3, 0), 6).
  private static let clampedLine = Pattern.clip(0, 6, add(.source, .number(3)))

  /// x·y/2 in the orders in which it is written.
  private static func halfProducts(_ y: Pattern) -> [Pattern] {
    [
      multiply(multiply(.source, y), .number(0.5)), multiply(multiply(.source, .number(0.5)), y),
      multiply(.source, multiply(y, .number(0.5))),
    ]
  }

  private static let gelu: [(Pattern, [ElementFunction])] = {
    let arguments: [Pattern] = [
      .binary(.divide, .source, .number(1.414_213_56)), multiply(.source, .number(0.707_106_78)),
    ]
    return arguments.flatMap { halfProducts(add(.function(.erf, $0), .number(1))) }.map {
      ($0, ElementFunction.of(.gelu(tanh: false)) ?? [])
    }
  }()

  private static let tanhGelu: [(Pattern, [ElementFunction])] = {
    let cubes: [Pattern] = [
      .binary(.power, .source, .number(3)), multiply(.source, multiply(.source, .source)),
    ]
    let arguments = cubes.map {
      multiply(.number(0.797_884_56), add(.source, multiply(.number(0.044_715), $0)))
    }
    return arguments.flatMap { halfProducts(add(.function(.tanh, $0), .number(1))) }.map {
      ($0, ElementFunction.of(.gelu(tanh: true)) ?? [])
    }
  }()

  private static let hardSwish: [(Pattern, [ElementFunction])] = {
    let forms: [Pattern] = [
      multiply(.source, .function(.hardSigmoid(alpha: 1 / 6, beta: 0.5), .source)),
      multiply(.source, .binary(.divide, clampedLine, .number(6))),
      .binary(.divide, multiply(.source, clampedLine), .number(6)),
      multiply(multiply(.source, clampedLine), .number(1 / 6)),
      multiply(.source, multiply(clampedLine, .number(1 / 6))),
    ]
    return forms.map { ($0, ElementFunction.of(.hardSwish) ?? []) }
  }()
}

extension StepGraph {
  /// Joins functions that exporters spell out into one step each.
  mutating func joinFunctions() {
    for index in steps.indices {
      let last = steps[index]?.binaryFunction
      for (pattern, functions) in SpelledOutFunction.known
      where !functions.isEmpty && pattern.canEnd(in: last) {
        guard let match = match(pattern, at: index), let source = match.source else { continue }
        join(match.members, inputs: [source], form: .function(functions))
        break
      }
    }
  }

  /// Joins normalisations along the last axis that are spelled out.
  mutating func joinNormalizations() {
    // The centre stands twice in the form, and is one step or two equal ones.
    let centre = Pattern.binary(.subtract, .source, .mean(.source))
    let squares: [Pattern] = [
      .binary(.power, centre, .number(2)), .binary(.multiply, centre, centre),
    ]
    for square in squares {
      let deviation = Pattern.function(
        .sqrt, .binary(.add, .mean(square), .anyNumber))
      let pattern = Pattern.binary(
        .add, .binary(.multiply, .binary(.divide, centre, deviation), .constant), .constant)
      for index in steps.indices where pattern.canEnd(in: steps[index]?.binaryFunction) {
        guard let match = match(pattern, at: index), let source = match.source,
          match.constants.count == 2, let axis = match.axes.first,
          match.axes.allSatisfy({ $0 == axis }), let epsilon = match.numbers.first, epsilon >= 0,
          match.constants.allSatisfy({ isRow(constant($0)) })
        else { continue }
        join(
          match.members, inputs: [source, match.constants[0], match.constants[1]],
          form: .rowNormalization(epsilon: epsilon, axis: axis))
      }
    }
  }

  /// Whether a tensor's last axis is the only one of more than one element.
  private func isRow(_ tensor: RuntimeTensor?) -> Bool {
    tensor.map { !$0.shape.isEmpty && $0.shape.dropLast().allSatisfy { $0 == 1 } } ?? false
  }

  /// Puts one step of the given form for several.
  mutating func join(_ members: [Int], inputs: [Int?], form: StepForm) {
    let members = members.sorted()
    guard let index = members.last, let last = steps[index] else { return }
    let joined = Step(
      last, inputs: inputs, outputs: last.outputs, form: form,
      parts: members.compactMap { steps[$0] })
    replace(members, with: joined)
  }
}
