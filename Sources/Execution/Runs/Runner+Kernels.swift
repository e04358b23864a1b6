internal import IR
internal import Kernels
internal import Operators

extension Runner {
  /// Runs a step by the kernels of its operator.
  mutating func runKernel(
    _ step: Step, since start: ContinuousClock.Instant?
  ) throws(ModelError) {
    if let op = step.valueOp, op.needsValues || step.inputs.contains(where: isOther) {
      try run(op, step)
      if let clock, let start { clock.record(step, values, since: start) }
      return
    }

    var operands: [RuntimeTensor?] = []
    var strings: [Tensor?] = []
    for (index, slot) in step.inputs.enumerated() {
      guard let slot else {
        operands.append(nil)
        continue
      }
      if let value = values[slot] {
        operands.append(try rowMajor(value, step.label))
      } else if type(of: step.op).traits.takesStrings, let tensor = others[slot]?.tensor {
        while strings.count < index { strings.append(nil) }
        strings.append(tensor)
        operands.append(nil)
      } else {
        throw ModelError(
          .unsupported,
          "\(step.label), input \(index): expected a tensor of numbers, found "
            + (others[slot].map { "\($0.type)" } ?? "none"))
      }
    }
    if let ranks = StringRanks(strings) {
      return try run(step, operands, strings, ranks)
    }
    for (slot, value) in zip(step.outputs, try Kernel.evaluate(step, operands, pool)) {
      if let slot { values[slot] = value }
    }
    if let clock, let start { clock.record(step, values, since: start) }
  }

  /// Whether a slot holds something else than a tensor of numbers.
  private func isOther(_ slot: Int?) -> Bool { slot.map { others[$0] != nil } ?? false }

  /// Runs an operator on strings, as numbers that stand for them.
  private mutating func run(
    _ step: Step, _ operands: [RuntimeTensor?], _ strings: [Tensor?], _ ranks: StringRanks
  ) throws(ModelError) {
    var operands = operands
    let given = Inputs(
      label: step.label,
      operands.indices.map { index in
        if let tensor = strings[safe: index] ?? nil {
          return Operand(name: "", type: tensor.type)
        }
        return operands[index].map {
          Operand(name: "", type: TensorType($0.elementType, $0.shape))
        }
      })
    for case (let index, let tensor?) in strings.enumerated() {
      operands[index] = RuntimeTensor(ranks.encode(tensor))
    }
    let types = try step.op.infer(given)
    let results = try Kernel.evaluate(step, operands, pool)
    for (index, slot) in step.outputs.enumerated() {
      guard let slot, let result = results[index] else { continue }
      if types[safe: index]?.type.elementType == .string {
        guard let texts = ranks.decode(result.tensor) else {
          throw ModelError(
            .unsupported, "\(step.label), output \(index): strings cannot be computed")
        }
        others[slot] = .tensor(texts)
      } else {
        values[slot] = result
      }
    }
  }

  /// Runs an operator that takes values of every kind.
  private mutating func run(_ op: any ValueOperator, _ step: Step) throws(ModelError) {
    var inputs: [Datum?] = []
    for slot in step.inputs {
      guard let slot else {
        inputs.append(nil)
        continue
      }
      inputs.append(try datum(slot, step.label))
    }
    let frames = bodies[step.node] ?? []
    for (body, frame) in frames.enumerated() {
      frame.captured = [:]
      frame.witness = witness.map { witness in
        { witness.witness(step.node, body: body, $0) }
      }
      for (inner, outer) in frame.plan.captures {
        if let other = others[outer] {
          frame.captured[inner] = .other(other)
        } else if let value = values[outer] {
          frame.captured[inner] = .tensor(try rowMajor(value, step.label))
        }
      }
    }
    let call = Call(
      label: step.label, inputs: inputs, outputs: step.outputs.map { $0 != nil },
      bodies: frames.isEmpty ? nil : BodyFrames(frames: frames))
    let results = try op.evaluate(call)
    for frame in frames {
      frame.captured = [:]
      frame.witness = nil
    }
    for (index, slot) in step.outputs.enumerated() {
      guard let slot else { continue }
      guard let result = results[safe: index] ?? nil else {
        throw ModelError(
          .unsupported, "\(step.label), output \(index): the operator did not compute it")
      }
      set(slot, result)
    }
  }
}
