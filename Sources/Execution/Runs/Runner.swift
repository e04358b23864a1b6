internal import IR
internal import Kernels
internal import Operators

/// Executes a plan, with the memory and the primitives that runs share.
struct Runner {
  /// The steps as the graph has them, which make every value.
  let plan: Plan
  private let whole: Program
  /// Fewer steps, which make the graph's outputs.
  private let rewritten: Program?
  let backend: (any Backend)?
  let pool: BufferPool
  /// Takes the time of each step.
  var clock: StepClock?
  /// Sees on what bodies are run.
  var witness: (any BodyWitness)?
  /// The tensors of numbers of the present run, by slot.
  private var values: [RuntimeTensor?] = []
  /// The other values of the present run: sequences, optionals and strings.
  private var others: [Int: Datum] = [:]
  /// The slots whose values the present run keeps, beyond the graph's outputs.
  private var kept: Set<Int> = []
  /// What runs the bodies of nodes, by place of the step.
  private let bodies: [NodeID: [BodyFrame]]

  /// - Parameter valueCount: how many values the plan's graph has.
  init(
    plan: Plan, valueCount: Int, backend: (any Backend)?, pool: BufferPool = BufferPool(),
    rewrites: Bool = true
  ) {
    self.plan = plan
    self.backend = backend
    self.pool = pool
    var bodies: [NodeID: [BodyFrame]] = [:]
    for step in plan.steps where !step.bodies.isEmpty {
      bodies[step.node] = step.bodies.map { BodyFrame($0, step.label, backend, pool) }
    }
    self.bodies = bodies
    whole = Program(plan, valueCount: valueCount)
    guard let backend, rewrites else {
      rewritten = nil
      return
    }
    let fewer = plan.rewritten(for: backend)
    rewritten = Program(fewer, valueCount: valueCount)
    // What only folding has read need not stay in memory.
    for (slot, constant) in plan.constants where fewer.constants[slot] == nil {
      constant.releasePages()
    }
  }

  /// Runs the plan of a graph.
  ///
  /// - Parameter inputs: values of the graph's inputs, and of enclosing graphs, by slot.
  mutating func run(
    _ graph: Graph, _ inputs: [Int: RuntimeValue], _ wanted: [(name: String, slot: Int)],
    observing: Set<ValueID>, observe: (ValueID, TensorView) throws(ModelError) -> Void
  ) throws(ModelError) -> [Datum] {
    defer {
      values = []
      others = [:]
    }
    let keep = Set(wanted.map(\.slot))
    let program =
      rewritten.flatMap {
        $0.plan.has(keep.subtracting(inputs.keys)) && observing.isEmpty ? $0 : nil
      } ?? whole
    values = program.initialValues
    others = plan.strings
    kept = keep.subtracting(program.outputs)
    for (slot, value) in inputs {
      others[slot] = nil
      switch value {
      case .tensor(let tensor): values[slot] = tensor
      case .other(let datum): others[slot] = datum
      }
    }
    for info in graph.inputs where observing.contains(info.value) {
      guard inputs[info.value.index] != nil, let tensor = values[info.value.index] else { continue }
      try observe(info.value, tensor.view)
    }

    let needed = program.steps(for: keep.union(observing.map(\.index)))
    for (index, launch) in program.launches.enumerated() where needed[index] {
      try run(launch)
      if !observing.isEmpty {
        for case let slot? in launch.outputs where observing.contains(ValueID(slot)) {
          guard let value = values[slot] else { continue }
          try observe(ValueID(slot), try rowMajor(value, launch.label).view)
        }
      }
      release(launch)
    }

    backend?.finishRun()
    var results: [Datum] = []
    for (name, slot) in wanted {
      if let value = try datum(slot, "output '\(name)'") {
        results.append(value)
      } else if let tensor = graph[ValueID(slot)].initializer {
        results.append(.tensor(tensor))
      } else {
        throw ModelError(
          .request, "output '\(name)': expected a value that a node computes, found none")
      }
    }
    return results
  }

  /// The value in a slot, outside the run's memory; nil when there is none.
  private func datum(_ slot: Int, _ label: String) throws(ModelError) -> Datum? {
    if let other = others[slot] { return other }
    guard let value = values[slot] else { return nil }
    return .tensor(try rowMajor(value, label).tensor)
  }

  private mutating func set(_ slot: Int, _ value: Datum) {
    if let tensor = value.tensor.flatMap({ RuntimeTensor($0) }) {
      values[slot] = tensor
    } else {
      others[slot] = value
    }
  }

  private mutating func release(_ launch: Launch) {
    for slot in launch.released where kept.isEmpty || !kept.contains(slot) {
      values[slot] = nil
      if !others.isEmpty { others[slot] = nil }
    }
  }

  /// The value in the layout that operators read.
  private func rowMajor(
    _ value: RuntimeTensor, _ label: String
  ) throws(ModelError) -> RuntimeTensor {
    guard value.arrangement != nil else { return value }
    if let known = value.rowMajor { return known }
    guard let backend, let plain = try backend.rowMajor(value, label, pool) else {
      throw ModelError(.unsupported, "\(label): an arranged tensor could not be made row-major")
    }
    value.rowMajor = plain
    return plain
  }

  private mutating func run(_ launch: Launch) throws(ModelError) {
    let fleeting = plan.fleeting.isEmpty ? [] : fetch(launch.step)
    defer { if !fleeting.isEmpty { drop(fleeting) } }
    let start = clock?.now
    if let fast = launch.fast, try run(fast, launch) {
      if let clock, let start { clock.record(launch.step, values, since: start) }
      return
    }
    if !launch.parts.isEmpty {
      if !runOnIntegers(launch.step) { try run(parts: launch.parts) }
      return
    }
    try runKernel(launch.step, since: start)
  }

  /// Runs a step by the kernels of its operator.
  private mutating func runKernel(
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

  /// Runs an operator that moves elements on integers instead of the numbers that they stand for;
  /// false where it does not take them.
  private mutating func runOnIntegers(_ step: Step) -> Bool {
    guard case .onIntegers = step.form else { return false }
    let start = clock?.now
    var operands: [RuntimeTensor?] = []
    for slot in step.inputs {
      let value = slot.flatMap { values[$0] }
      guard slot == nil || value != nil else { return false }
      guard let plain = try? value.map({ try rowMajor($0, step.label) }) else {
        if slot != nil { return false }
        operands.append(nil)
        continue
      }
      operands.append(plain)
    }
    guard let results = try? Kernel.evaluate(step, operands, pool) else { return false }
    for (slot, value) in zip(step.outputs, results) { if let slot { values[slot] = value } }
    if let clock, let start { clock.record(step, values, since: start) }
    return true
  }

  /// Runs the steps that one stands for. What they made for each other goes at once.
  private mutating func run(parts: [Launch]) throws(ModelError) {
    let inner = parts.dropLast().flatMap { $0.outputs.compactMap { $0 } }
      .filter { values[$0] == nil }
    for part in parts { try run(part) }
    for slot in inner { values[slot] = nil }
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

  /// Brings the large constants of a step into memory. Returns their slots.
  private mutating func fetch(_ step: Step) -> [Int] {
    var slots: [Int] = []
    for slot in step.reads where values[slot] == nil {
      guard let tensor = plan.fleeting[slot] else { continue }
      values[slot] = RuntimeTensor(tensor)
      slots.append(slot)
    }
    return slots
  }

  /// Gives up what `fetch` brought.
  private mutating func drop(_ slots: [Int]) {
    for slot in slots {
      values[slot] = nil
      plan.fleeting[slot]?.storage?.releasePages()
    }
  }

  /// Runs a node the accelerated way; false where that does not take these operands.
  private mutating func run(
    _ fast: any FastStep, _ launch: Launch
  ) throws(ModelError) -> Bool {
    var operands: [RuntimeTensor?] = []
    operands.reserveCapacity(launch.inputs.count)
    for slot in launch.inputs {
      guard let slot else {
        operands.append(nil)
        continue
      }
      guard let value = values[slot] else { return false }
      operands.append(value)
    }
    guard fast.takes(operands) else { return false }
    if !fast.readsLayouts {
      for (index, operand) in operands.enumerated() {
        if let operand { operands[index] = try rowMajor(operand, launch.label) }
      }
    }
    var dying = launch.dying
    if !kept.isEmpty {
      for (index, slot) in launch.inputs.enumerated() {
        if let slot, kept.contains(slot) { dying[index] = false }
      }
    }
    let call = FastCall(
      label: launch.label, operands: operands, dying: dying, pool: pool, op: launch.op)
    guard let outputs = try fast.run(call) else { return false }
    for (slot, value) in zip(launch.outputs, outputs) { if let slot { values[slot] = value } }
    return true
  }
}
