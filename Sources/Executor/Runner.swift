internal import IR
internal import Kernels
internal import Operators

/// Executes a plan, with the memory and the primitives that runs share.
struct Runner {
  let plan: Plan
  let accelerator: Accelerator?
  let pool = BufferPool()
  /// The values of the present run, by slot.
  private var values: [RuntimeTensor?] = []

  init(plan: Plan, accelerator: Accelerator?) {
    self.plan = plan
    self.accelerator = accelerator
  }

  mutating func run(
    _ graph: Graph, _ inputs: [Int: RuntimeTensor], _ wanted: [(name: String, slot: Int)],
    observing: Set<ValueID>, observe: (ValueID, TensorView) throws(ModelError) -> Void
  ) throws(ModelError) -> [String: Tensor] {
    values = [RuntimeTensor?](repeating: nil, count: graph.valueCount)
    defer {
      values = []
      pool.endRun()
    }
    for (slot, tensor) in plan.constants { values[slot] = tensor }
    for info in graph.inputs {
      guard let tensor = inputs[info.value.index] else { continue }
      values[info.value.index] = tensor
      if observing.contains(info.value) { try observe(info.value, tensor.view) }
    }

    let keep = Set(wanted.map(\.slot))
    let needed = plan.steps(for: keep.union(observing.map(\.index)))
    for index in plan.steps.indices where needed[index] {
      try run(plan.steps[index], keep: keep)
      guard !observing.isEmpty else {
        release(plan.steps[index], keep)
        continue
      }
      for slot in plan.steps[index].outputs {
        if let slot, observing.contains(ValueID(slot)), let value = values[slot] {
          try observe(ValueID(slot), try rowMajor(value, plan.steps[index].label).view)
        }
      }
      release(plan.steps[index], keep)
    }

    var results: [String: Tensor] = [:]
    for (name, slot) in wanted {
      guard let value = values[slot] else {
        guard let tensor = graph[ValueID(slot)].initializer else {
          throw ModelError(
            .request, "output '\(name)': expected a value that a node computes, found none")
        }
        results[name] = tensor
        continue
      }
      results[name] = try rowMajor(value, "output '\(name)'").tensor
    }
    return results
  }

  private mutating func release(_ step: Step, _ keep: Set<Int>) {
    for slot in step.released where !keep.contains(slot) { values[slot] = nil }
  }

  /// The value in the layout that operators read.
  private func rowMajor(
    _ value: RuntimeTensor, _ label: String
  ) throws(ModelError) -> RuntimeTensor {
    guard value.layout != nil else { return value }
    if let known = value.rowMajor { return known }
    guard let accelerator, let plain = try accelerator.rowMajor(value, label, pool) else {
      throw ModelError(.unsupported, "\(label): a blocked tensor could not be made row-major")
    }
    value.rowMajor = plain
    return plain
  }

  private mutating func run(_ step: Step, keep: Set<Int>) throws(ModelError) {
    if let fast = step.fast, try run(fast, step, keep) { return }

    var operands: [RuntimeTensor?] = []
    for (index, slot) in step.inputs.enumerated() {
      guard let slot else {
        operands.append(nil)
        continue
      }
      guard let value = values[slot] else {
        throw ModelError(
          .unsupported,
          "\(step.label), input \(index): expected a tensor of numbers, found another value")
      }
      operands.append(try rowMajor(value, step.label))
    }
    for (slot, value) in zip(step.outputs, try evaluate(step, operands)) {
      if let slot { values[slot] = value }
    }
  }

  /// Runs a node the accelerated way; false where that does not take these operands.
  private mutating func run(
    _ fast: any FastStep, _ step: Step, _ keep: Set<Int>
  ) throws(ModelError) -> Bool {
    var operands: [RuntimeTensor?] = []
    for slot in step.inputs {
      guard let slot else {
        operands.append(nil)
        continue
      }
      guard let value = values[slot], value.elementType == .float else { return false }
      operands.append(value)
    }
    // An operand that nobody reads later leaves the table, so that its memory can be reused.
    var dying = [Bool](repeating: false, count: operands.count)
    for (index, slot) in step.inputs.enumerated() {
      guard let slot, step.released.contains(slot), !keep.contains(slot),
        step.inputs.count(where: { $0 == slot }) == 1
      else { continue }
      values[slot] = nil
      dying[index] = true
    }
    let call = FastCall(label: step.label, operands: operands, dying: dying, pool: pool)
    operands = []
    let outputs = try fast.run(call)
    for (index, slot) in step.inputs.enumerated() {
      if let slot, dying[index], let operand = call.operands[index] { values[slot] = operand }
    }
    guard let outputs else { return false }
    for (slot, value) in zip(step.outputs, outputs) { if let slot { values[slot] = value } }
    return true
  }

  /// Runs a node's operator on row-major operands.
  private func evaluate(
    _ step: Step, _ given: [RuntimeTensor?]
  ) throws(ModelError) -> [RuntimeTensor?] {
    var operands = given
    var half: ElementType?
    if type(of: step.op).widensHalf {
      for (index, operand) in given.enumerated() {
        guard let operand, HalfPrecision.isHalf(operand.elementType) else { continue }
        half = half ?? operand.elementType
        operands[index] = try HalfPrecision.widened(operand, step.label, pool)
      }
    }
    let results = Results(count: step.outputs.count)
    let pool = pool
    var context = Evaluation(
      label: step.label, inputs: operands.map { $0?.view }, outputs: step.outputs.map { $0 != nil }
    ) { (index, elementType, shape) throws(ModelError) in
      let tensor = try pool.tensor(step.label, elementType, shape)
      if results.tensors.indices.contains(index) {
        results.tensors[index] = tensor
      } else {
        results.spare.append(tensor)
      }
      return tensor.target
    }
    let shared = operands
    context.share = { input, shape in
      guard let operand = shared[safe: input] ?? nil, !results.tensors.isEmpty else { return false }
      results.tensors[0] = RuntimeTensor(
        operand.elementType, shape, operand.bytes, owner: operand.owner)
      return true
    }
    try step.op.evaluate(&context)
    for (index, wanted) in step.outputs.enumerated()
    where wanted != nil && results.tensors[index] == nil {
      throw ModelError(
        .unsupported, "\(step.label), output \(index): the operator did not compute it")
    }
    guard let half else { return results.tensors }
    return try rounded(results.tensors, to: half, step, given)
  }

  /// Rounds float results back to the 16-bit type that inference gives them.
  private func rounded(
    _ results: [RuntimeTensor?], to half: ElementType, _ step: Step, _ given: [RuntimeTensor?]
  ) throws(ModelError) -> [RuntimeTensor?] {
    let inputs = Inputs(
      label: step.label,
      given.map { operand in
        operand.map { Operand(name: "", type: TensorType($0.elementType, $0.shape)) }
      })
    let inferred = try? step.op.infer(inputs)
    var rounded = results
    for (index, result) in results.enumerated() {
      guard let result, result.elementType == .float else { continue }
      let type = inferred?[safe: index]?.type.elementType ?? half
      guard type == .undefined || HalfPrecision.isHalf(type) else { continue }
      rounded[index] = try HalfPrecision.rounded(
        result, to: type == .undefined ? half : type, step.label, pool)
    }
    return rounded
  }
}

/// Collects what an operator allocates.
private final class Results {
  var tensors: [RuntimeTensor?]
  /// Memory for outputs that the node does not name.
  var spare: [RuntimeTensor] = []

  init(count: Int) { tensors = [RuntimeTensor?](repeating: nil, count: count) }
}
