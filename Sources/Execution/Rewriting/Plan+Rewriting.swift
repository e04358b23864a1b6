internal import IR
internal import Operators

extension Plan {
  /// The same computation of the graph's outputs in fewer steps: constants computed, functions that
  /// are spelled out joined, and what follows an operator carried out with it.
  func rewritten(for backend: any Backend) -> Plan {
    var graph = StepGraph(
      steps, outputs: outputs, constants: constants.filter { fixed.contains($0.key) },
      backend)
    graph.foldConstants()
    graph.joinIntegers()
    // What is not multiplied as integers need not be made from them in every run.
    graph.foldConstants(dequantizing: true)
    graph.joinFunctions()
    graph.joinTables()
    graph.joinNormalizations()
    graph.joinRootMeanSquares()
    graph.joinChains()
    graph.joinConcatenations()
    var plan = self
    plan.constants.merge(graph.constants) { $1 }
    plan.fixed = Set(graph.constants.keys)
    plan.steps = graph.steps.compactMap { $0 }
    plan.producers = [:]
    for (index, step) in plan.steps.enumerated() {
      for slot in step.outputs { if let slot { plan.producers[slot] = index } }
    }
    plan.dropUnread()
    plan.release()
    plan.lower(backend)
    return plan
  }

  /// Whether all of these values can be read after a run.
  func has(_ slots: some Sequence<Int>) -> Bool {
    slots.allSatisfy { producers[$0] != nil || constants[$0] != nil }
  }

  /// Forgets constants that no step reads.
  private mutating func dropUnread() {
    var read = Set(outputs)
    for step in steps { step.visit { read.formUnion($0.reads) } }
    constants = constants.filter { read.contains($0.key) }
  }

  /// Finds the accelerated way for each step.
  mutating func lower(_ backend: any Backend) {
    let known = constants.filter { fixed.contains($0.key) }
    let hasHalves = constants.values.contains { $0.elementType.isHalf }
    for index in steps.indices { steps[index].lower(backend, known, widens: hasHalves) }
  }
}

extension Step {
  /// Finds the accelerated way for the step and those that it stands for.
  ///
  /// - Parameter widens: whether operands of 16-bit floats may come.
  fileprivate mutating func lower(
    _ backend: any Backend, _ constants: [Int: RuntimeTensor], widens: Bool
  ) {
    for part in parts.indices { parts[part].lower(backend, constants, widens: widens) }
    var given = inputs.map { slot in slot.flatMap { constants[$0] } }
    let widened = widens && isWidened ? given.map { $0?.widened } : []
    for (index, constant) in widened.enumerated() where constant != nil { given[index] = constant }
    fast = backend.lower(
      StepDescription(
        computation: op.computation, form: form, constants: given,
        given: inputs.map { $0 != nil }, outputs: outputs.map { $0 != nil }))
    if let condition { fast = RecognisedStep(self, fast, condition) }
    if isMagnified { fast = fast.map(SmallSumsOnKernel.init) }
    if !widened.isEmpty { fast = fast.map { WidenedStep($0, widened, backend) } }
  }

  /// Whether it pays to widen 16-bit floats for the step's primitive.
  private var isWidened: Bool {
    switch form {
    case .integer, .onIntegers, .table: false
    case .plain, .function:
      type(of: op).traits.widensHalf && binaryFunction == nil
        && !(op.computation?.isElementwise ?? false)
    case .chain, .rowNormalization, .normalizedParts: true
    }
  }

  /// Takes back what was said of values that nobody reads later: it held in another order of steps.
  mutating func forgetReleases() {
    released = []
    for part in parts.indices { parts[part].forgetReleases() }
  }

  /// Calls `body` with the step and all that it stands for.
  func visit(_ body: (Step) -> Void) {
    body(self)
    for part in parts { part.visit(body) }
  }
}
