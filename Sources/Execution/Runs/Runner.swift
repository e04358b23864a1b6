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
  var values: [RuntimeTensor?] = []
  /// The other values of the present run: sequences, optionals and strings.
  var others: [Int: Datum] = [:]
  /// The slots whose values the present run keeps, beyond the graph's outputs.
  private var kept: Set<Int> = []
  /// What runs the bodies of nodes, by place of the step.
  let bodies: [NodeID: [BodyFrame]]

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
    try run(graph, [inputs], wanted, observing: observing, observe: observe)[0].get()
  }

  /// Runs the plan of a graph on several inputs, step by step: constants that stay in memory for a
  /// step only are brought there once for all of them.
  ///
  /// - Parameters:
  ///   - inputs: for each run the values of the graph's inputs, and of enclosing graphs, by slot.
  ///   - observe: is shown values of all runs.
  /// - Returns: for each run what was wanted, or why it ended.
  mutating func run(
    _ graph: Graph, _ inputs: [[Int: RuntimeValue]], _ wanted: [(name: String, slot: Int)],
    observing: Set<ValueID>, observe: (ValueID, TensorView) throws(ModelError) -> Void
  ) -> [Result<[Datum], ModelError>] {
    guard let first = inputs.first else { return [] }
    defer {
      values = []
      others = [:]
    }
    let keep = Set(wanted.map(\.slot))
    let program =
      rewritten.flatMap {
        $0.plan.has(keep.subtracting(first.keys)) && observing.isEmpty ? $0 : nil
      } ?? whole
    kept = keep.subtracting(program.outputs)
    var lanes = inputs.map { Lane(program.initialValues, plan.strings, $0) }
    for lane in lanes.indices {
      attempt(&lanes[lane]) { runner throws(ModelError) in
        for info in graph.inputs where observing.contains(info.value) {
          let slot = info.value.index
          guard inputs[lane][slot] != nil, let tensor = runner.values[slot] else { continue }
          try observe(info.value, tensor.view)
        }
      }
    }

    let needed = program.steps(for: keep.union(observing.map(\.index)))
    for (index, launch) in program.launches.enumerated() where needed[index] {
      let fleeting = plan.fleeting.isEmpty ? [] : fetch(launch.step)
      for lane in lanes.indices where lanes[lane].failure == nil {
        attempt(&lanes[lane]) { runner throws(ModelError) in
          try runner.run(launch, fleeting)
          if !observing.isEmpty {
            for case let slot? in launch.outputs where observing.contains(ValueID(slot)) {
              guard let value = runner.values[slot] else { continue }
              try observe(ValueID(slot), try runner.rowMajor(value, launch.label).view)
            }
          }
          runner.release(launch)
        }
      }
      for (slot, _) in fleeting { plan.fleeting[slot]?.storage?.releasePages() }
    }

    backend?.finishRun()
    var results: [Result<[Datum], ModelError>] = []
    for lane in lanes.indices {
      var found: [Datum] = []
      attempt(&lanes[lane]) { runner throws(ModelError) in
        found = try runner.results(wanted, of: graph)
      }
      results.append(lanes[lane].failure.map { .failure($0) } ?? .success(found))
    }
    return results
  }

  /// Goes on with one of several runs, unless it has failed, and keeps what it fails with.
  private mutating func attempt(
    _ lane: inout Lane, _ body: (inout Runner) throws(ModelError) -> Void
  ) {
    guard lane.failure == nil else { return }
    swap(&values, &lane.values)
    swap(&others, &lane.others)
    do throws(ModelError) {
      try body(&self)
      swap(&values, &lane.values)
      swap(&others, &lane.others)
    } catch {
      values = []
      others = [:]
      lane = Lane(failure: error)
    }
  }

  private func results(
    _ wanted: [(name: String, slot: Int)], of graph: Graph
  ) throws(ModelError) -> [Datum] {
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
  func datum(_ slot: Int, _ label: String) throws(ModelError) -> Datum? {
    if let other = others[slot] { return other }
    guard let value = values[slot] else { return nil }
    return .tensor(try rowMajor(value, label).tensor)
  }

  mutating func set(_ slot: Int, _ value: Datum) {
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
  func rowMajor(
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

  /// Runs a step for which large constants are in memory.
  private mutating func run(
    _ launch: Launch, _ fleeting: [(slot: Int, constant: RuntimeTensor)]
  ) throws(ModelError) {
    guard !fleeting.isEmpty else { return try run(launch) }
    // An input stands before the constant of its name.
    let lent = fleeting.filter { values[$0.slot] == nil }
    for (slot, constant) in lent { values[slot] = constant }
    defer { for (slot, _) in lent { values[slot] = nil } }
    try run(launch)
  }

  private mutating func run(_ launch: Launch) throws(ModelError) {
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

  /// The large constants that a step or what it stands for reads, by slot. They come into memory at
  /// the first reading.
  private func fetch(_ step: Step) -> [(slot: Int, constant: RuntimeTensor)] {
    var found: [(slot: Int, constant: RuntimeTensor)] = []
    func add(_ step: Step) {
      for slot in step.reads where !found.contains(where: { $0.slot == slot }) {
        guard let tensor = plan.fleeting[slot].flatMap({ RuntimeTensor($0) }) else { continue }
        found.append((slot, tensor))
      }
      step.parts.forEach(add)
    }
    add(step)
    return found
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
