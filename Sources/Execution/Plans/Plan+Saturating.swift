internal import IR
internal import Operators

extension Plan {
  /// Finds what a processor before VNNI would multiply as bytes.
  mutating func saturateProducts() {
    let all = constants.filter { fixed.contains($0.key) }
    var readers: [Int: [Int]] = [:]
    for (index, step) in steps.enumerated() {
      for slot in Set(step.reads) { readers[slot, default: []].append(index) }
    }
    for index in steps.indices {
      steps[index].saturates = true
      steps[index].product = saturating(steps[index], all, readers)
      if steps[index].product != nil || steps[index].isOnBytes { steps[index].fast = nil }
    }
  }

  private func saturating(
    _ step: Step, _ constants: [Int: RuntimeTensor], _ readers: [Int: [Int]]
  ) -> SaturatingProduct? {
    let inputs = Inputs(
      label: step.label,
      step.inputs.map { slot in
        slot.map { slot in
          let constant = source(slot).flatMap { $0.inputs[0] }.flatMap { constants[$0] }
          // That it is constant counts, not what it is.
          return Operand(
            name: "", type: constant.map { TensorType(.float, $0.shape) } ?? .unknown,
            constant: constant.map { Tensor(.float, $0.shape, Storage([Float]())) })
        }
      })
    guard let form = step.op.linear(inputs), form.isPlain,
      form.kind == .product || form.kind == .convolution,
      let activation = step.inputs[safe: form.activation] ?? nil,
      let weight = step.inputs[safe: form.weight] ?? nil,
      let x = parameters(activation, constants), x.parameters.scales.count == 1,
      let w = parameters(weight, constants), w.isConstant, w.parameters.isSigned,
      // A convolution whose result stays a number is not computed with bytes.
      form.kind == .product || isRounded(step.outputs[0], readers)
    else { return nil }
    return SaturatingProduct(form, activation: x.parameters, weight: w.parameters)
  }

  /// The step that makes numbers of bytes for a slot.
  private func source(_ slot: Int) -> Step? {
    guard let step = producers[slot].map({ steps[$0] }),
      let op = step.op as? any LinearQuantization, !type(of: op).quantizes,
      op.settings.blockSize == 0
    else { return nil }
    return step
  }

  private func parameters(
    _ slot: Int, _ constants: [Int: RuntimeTensor]
  ) -> (parameters: SaturatingProduct.Parameters, isConstant: Bool)? {
    guard let step = source(slot), let data = step.inputs[0],
      let scale = (step.inputs[safe: 1] ?? nil).flatMap({ constants[$0] }),
      scale.elementType == .float
    else { return nil }
    let zero = (step.inputs[safe: 2] ?? nil).flatMap { constants[$0] }
    let type = constants[data]?.elementType ?? zero?.elementType
    let zeros = zero?.view.integers ?? [0]
    guard type == .int8 || type == .uint8, let first = zeros.first,
      zeros.allSatisfy({ $0 == first })
    else { return nil }
    return (
      SaturatingProduct.Parameters(
        isSigned: type == .int8, scales: Array(scale.view.elements(Float.self)),
        zeroPoint: Int32(truncatingIfNeeded: first)), constants[data] != nil
    )
  }

  /// Whether a value becomes bytes again, after what clamps it at most.
  private func isRounded(_ slot: Int?, _ all: [Int: [Int]]) -> Bool {
    guard let slot, !outputs.contains(slot), let readers = all[slot], readers.count == 1,
      let step = readers.first.map({ steps[$0] })
    else { return false }
    if let op = step.op as? any LinearQuantization { return type(of: op).quantizes }
    return step.inputs.first == slot && step.op.clamps
      && isRounded(step.outputs[0], all)
  }
}

extension Step {
  /// Whether the step's operator multiplies bytes itself.
  fileprivate var isOnBytes: Bool { !type(of: op).traits.quantizedInputs.isEmpty }
}

extension Operator {
  /// Whether the operator only clamps, whatever its bounds.
  fileprivate var clamps: Bool {
    let number = Operand(name: "", type: TensorType(.float, []), constant: Tensor(floats: [0], []))
    let operands = Inputs(
      label: "", [Operand(name: "", type: TensorType(.float, [])), number, number])
    if case .clamp = quantization(operands) { return true }
    return false
  }
}
