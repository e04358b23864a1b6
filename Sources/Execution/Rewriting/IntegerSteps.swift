internal import IR
internal import Kernels
internal import Operators

extension StepGraph {
  /// Joins operators between DequantizeLinear and QuantizeLinear with these, to run on the integers;
  /// products where the backend sums them up exactly.
  mutating func joinIntegers() {
    for index in steps.indices {
      guard let step = steps[index], case .plain = step.form else { continue }
      if let joined = quantized(step) {
        replace([index], with: joined)
        continue
      }
      guard case .quantization? = step.op.computation else { continue }
      let found = shared(index, step) ?? weighted(index, step)
      if let found = found ?? sum(index, step) {
        replace(found.members, with: found.step)
      }
    }
    dropUnread()
  }

  private typealias Found = (members: [Int], step: Step)

  /// What stands before a rounding: the operator, and functions behind it.
  private func origin(
    _ index: Int, _ step: Step
  ) -> (members: [Int], operator: Int, functions: [ElementFunction])? {
    var members = [index]
    var functions: [ElementFunction] = []
    var slot = step.inputs[0]
    while let current = slot, onlyReader(current)?.index == members.last,
      let (place, step) = producer(current)
    {
      members.append(place)
      guard let more = elementFunctions(step), step.op.computation?.isElementwise ?? false
      else { return (members, place, functions) }
      // Only clamping is the same whatever the scale.
      guard more.allSatisfy(\.clamps) else { return nil }
      functions = more + functions
      slot = step.inputs[0]
    }
    return nil
  }

  /// How the integers behind an operand stand for its numbers, and their slot.
  func integers(_ slot: Int?) -> (slot: Int, IntegerOperation.Parameters, place: Int)? {
    guard let (place, step) = producer(slot),
      case .dequantization(let settings)? = step.op.computation, let x = step.inputs[0],
      let parameters = parameters(settings, step, isRounding: false)
    else { return nil }
    return (x, parameters, place)
  }

  /// The constant scale and zero-point between numbers and integers.
  private func parameters(
    _ settings: LinearQuantizationSettings, _ step: Step, isRounding: Bool
  ) -> IntegerOperation.Parameters? {
    guard settings.blockSize == 0, case .plain = step.form,
      let scale = constant(step.inputs[safe: 1] ?? nil), scale.elementType == .float
    else { return nil }
    let scales = Array(scale.bytes.bindMemory(to: Float.self))
    let given = step.inputs[safe: 2] ?? nil
    let zero = constant(given)
    guard given == nil || zero != nil, scales.allSatisfy({ $0 > 0 && $0.isFinite }) else {
      return nil
    }
    let zeros = zero?.view.integers ?? [Int](repeating: 0, count: scales.count)
    let type =
      isRounding
      ? zero?.elementType ?? (settings.outputType == .undefined ? .uint8 : settings.outputType)
      : constant(step.inputs[0])?.elementType ?? zero?.elementType ?? .undefined
    guard zeros.count == scales.count else { return nil }
    return IntegerOperation.Parameters(
      elementType: type, scales: scales, zeroPoints: zeros.map { Int32(truncatingIfNeeded: $0) })
  }

  /// How integers stand for the numbers that a step rounds to bytes of one scale.
  func rounding(_ step: Step) -> IntegerOperation.Parameters? {
    guard case .quantization(let settings)? = step.op.computation,
      let y = parameters(settings, step, isRounding: true), y.single != nil,
      y.elementType == .uint8 || y.elementType == .int8
    else { return nil }
    return y
  }

  /// Operators that move or select elements do so with integers as well as with the numbers.
  private func shared(_ index: Int, _ step: Step) -> Found? {
    guard let y = rounding(step), let (members, place, functions) = origin(index, step),
      functions.isEmpty, let inner = steps[place], case .plain = inner.form,
      inner.outputs.count == 1, let (slot, x, source) = integers(inner.inputs.first ?? nil), x == y,
      !inner.inputs.dropFirst().contains(where: {
        producer($0)?.step.op.isDequantization ?? false
      })
    else { return nil }
    let operands = Inputs(
      label: inner.label,
      inner.inputs.map { slot in
        slot.map { _ in Operand(name: "", type: .unknown) }
      })
    guard case .shared(let inputs) = inner.op.quantization(operands), inputs == [0] else {
      return nil
    }
    let joined = Step(
      inner, inputs: [slot] + inner.inputs.dropFirst(), outputs: step.outputs, form: .onIntegers,
      parts: parts(members, [source]))
    return (members, joined)
  }

  private func weighted(_ index: Int, _ step: Step) -> Found? {
    guard let y = rounding(step), let (members, place, functions) = origin(index, step),
      let inner = steps[place], case .plain = inner.form,
      inner.op.multipliesBytes,
      let (x, a, first) = integers(inner.inputs[0]), a.single != nil,
      a.elementType == .uint8 || a.elementType == .int8,
      let (w, b, second) = integers(inner.inputs[safe: 1] ?? nil), constant(w) != nil,
      b.elementType == .uint8 || b.elementType == .int8, hasEightBits(w, b),
      isExact(inner, a, w, b)
    else { return nil }
    var inputs: [Int?] = [x, w]
    var sources = [first, second]
    if let slot = inner.inputs[safe: 2] ?? nil {
      guard let (bias, c, third) = integers(slot), c.elementType == .int32, constant(bias) != nil,
        c.zeroPoints.allSatisfy({ $0 == 0 }), fits(c.scales, a, b)
      else { return nil }
      inputs.append(bias)
      sources.append(third)
    }
    let joined = Step(
      inner, inputs: inputs, outputs: step.outputs,
      form: .integer(
        IntegerOperation(kind: .weighted, a: a, b: b, functions: functions, y: y)),
      parts: parts(members, sources))
    return (members, joined)
  }

  /// Whether a weight's elements have eight bits with their zero-point taken off.
  private func hasEightBits(_ slot: Int, _ parameters: IntegerOperation.Parameters) -> Bool {
    guard let weight = constant(slot), let zero = parameters.zeroPoints.first,
      parameters.zeroPoints.allSatisfy({ $0 == zero })
    else { return false }
    return weight.elementType == .int8 && zero == 0
      || weight.isWithinBytes(zeroPoint: zero)
  }

  /// Whether the backend sums up products of these bytes exactly.
  private func isExact(
    _ step: Step, _ a: IntegerOperation.Parameters, _ weight: Int?, _ b: IntegerOperation.Parameters
  ) -> Bool {
    guard let computation = step.op.computation, let weight = constant(weight),
      let zero = b.zeroPoints.first, b.zeroPoints.allSatisfy({ $0 == zero })
    else { return false }
    return backend.multipliesBytes(a.elementType, by: weight, zeroPoint: zero, in: computation)
  }

  /// Products of quantized numbers with constant parameters and weight.
  private func quantized(_ step: Step) -> Step? {
    guard let operands = step.op.quantizedOperands, step.inputs.count > operands.result + 1,
      let a = parameters(step, scale: operands.left + 1), a.single != nil,
      let b = parameters(step, scale: operands.right + 1),
      let y = parameters(step, scale: operands.result), y.single != nil,
      constant(step.inputs[operands.right]) != nil,
      isExact(step, a, step.inputs[operands.right], b)
    else { return nil }
    let bias = operands.bias.flatMap { step.inputs[safe: $0] ?? nil }
    guard bias == nil || constant(bias)?.elementType == .int32 else { return nil }
    return Step(
      step,
      inputs: [step.inputs[operands.left], step.inputs[operands.right]] + (bias.map { [$0] } ?? []),
      outputs: step.outputs,
      form: .integer(IntegerOperation(kind: .weighted, a: a, b: b, functions: [], y: y)),
      parts: [step])
  }

  /// The constants in two inputs, a scale and its zero-point.
  private func parameters(_ step: Step, scale index: Int) -> IntegerOperation.Parameters? {
    guard let scale = constant(step.inputs[index]), scale.elementType == .float,
      let zero = constant(step.inputs[index + 1]), let zeros = zero.view.integers,
      zero.elementType == .uint8 || zero.elementType == .int8
    else { return nil }
    let scales = Array(scale.bytes.bindMemory(to: Float.self))
    guard scales.allSatisfy({ $0 > 0 && $0.isFinite }), !zeros.isEmpty else { return nil }
    return IntegerOperation.Parameters(
      elementType: zero.elementType, scales: scales,
      zeroPoints: zeros.map { Int32(truncatingIfNeeded: $0) })
  }

  /// Whether a bias is in units of the product of the operands' scales, to six digits.
  private func fits(
    _ scales: [Float], _ a: IntegerOperation.Parameters, _ b: IntegerOperation.Parameters
  ) -> Bool {
    guard scales.count == b.scales.count || scales.count == 1 else { return false }
    return b.scales.indices.allSatisfy { index in
      let wanted = a.scales[0] * b.scales[index]
      return abs(scales[scales.count == 1 ? 0 : index] - wanted) <= 1e-6 * wanted
    }
  }

  private func sum(_ index: Int, _ step: Step) -> Found? {
    guard let y = rounding(step), let (members, place, functions) = origin(index, step),
      let inner = steps[place], case .plain = inner.form,
      inner.binaryFunction == .add,
      let (x, a, first) = integers(inner.inputs[0]), a.single != nil,
      let (z, b, second) = integers(inner.inputs[safe: 1] ?? nil), b.single != nil,
      [a, b].allSatisfy({ $0.elementType == .uint8 || $0.elementType == .int8 })
    else { return nil }
    let joined = Step(
      inner, inputs: [x, z], outputs: step.outputs,
      form: .integer(IntegerOperation(kind: .sum, a: a, b: b, functions: functions, y: y)),
      parts: parts(members, [first, second]))
    return (members, joined)
  }

  /// The steps that a joined one stands for, those that others may read as well included.
  private func parts(_ members: [Int], _ sources: [Int]) -> [Step] {
    Set(members + sources).sorted().compactMap { steps[$0] }
  }
}

extension Operator {
  /// Whether integers become the numbers that they stand for.
  var isDequantization: Bool { if case .dequantization? = computation { true } else { false } }

  /// Whether the operator can as well multiply the integers that numbers are made of.
  fileprivate var multipliesBytes: Bool {
    switch computation {
    case .convolution(let form, of: .plain)?: form.kind == .convolution
    case .product(.stacks, of: .plain)?, .product(.matrices, of: .plain)?: true
    default: false
    }
  }

  /// Where a product of quantized numbers has its operands; nil for other operators.
  fileprivate var quantizedOperands: QuantizedOperands? {
    switch computation {
    case .convolution(_, of: .quantized(let operands))?: operands
    case .product(_, of: .quantized(let operands))?: operands
    default: nil
    }
  }
}

extension ElementFunction {
  /// Whether the function only clamps.
  fileprivate var clamps: Bool { isRelu || isClip }
}
