internal import Operators

/// A step, with what is the same whenever it runs worked out beforehand.
final class Launch {
  let step: Step
  let label: String
  let op: any Operator
  let fast: (any FastStep)?
  let inputs: [Int?]
  let outputs: [Int?]
  /// Slots that no later step reads and that are not graph outputs.
  let released: [Int]
  /// Whether this step is the last to read an input, and through one operand only.
  let dying: [Bool]
  /// The steps that this one stands for.
  let parts: [Launch]

  init(_ step: Step) {
    self.step = step
    label = step.label
    op = step.op
    fast = step.fast
    inputs = step.inputs
    outputs = step.outputs
    released = step.released
    dying = step.inputs.map { slot in
      guard let slot else { return false }
      return step.released.contains(slot) && step.inputs.count(where: { $0 == slot }) == 1
    }
    parts = step.parts.map(Launch.init)
  }
}

/// A plan, ready to be run again and again.
final class Program {
  let plan: Plan
  let launches: [Launch]
  /// The slots of the graph's outputs.
  let outputs: Set<Int>
  /// The constants, by slot.
  private let constants: [RuntimeTensor?]
  /// What the last run asked for, and the steps that it needed.
  private var last: (wanted: Set<Int>, needed: [Bool])?

  init(_ plan: Plan, valueCount: Int) {
    self.plan = plan
    launches = plan.steps.map(Launch.init)
    outputs = Set(plan.outputs)
    var constants = [RuntimeTensor?](repeating: nil, count: valueCount)
    for (slot, tensor) in plan.constants { constants[slot] = tensor }
    self.constants = constants
  }

  /// The values at the start of a run, by slot.
  var initialValues: [RuntimeTensor?] { constants }

  /// Which steps the given slots need.
  func steps(for wanted: Set<Int>) -> [Bool] {
    if let last, last.wanted == wanted { return last.needed }
    let needed = plan.steps(for: wanted)
    last = (wanted, needed)
    return needed
  }
}
