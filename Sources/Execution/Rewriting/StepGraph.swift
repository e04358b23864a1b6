internal import IR
internal import Rewriting

/// The steps of a plan while they are rewritten: who makes and who reads each slot.
struct StepGraph {
  private(set) var steps: [Step?]
  /// Who will run them, and is asked what joins.
  let backend: any Backend
  /// Slots that results of a run may be read from.
  private let kept: Set<Int>
  /// Values that are the same in every run, by slot.
  private(set) var constants: [Int: RuntimeTensor]
  /// Results of constants are kept up to so many bytes more than their operands have; others are
  /// computed in every run.
  var folder = ConstantFolder(spareBytes: 1 << 30)
  private var readers: [Int: [Int]] = [:]
  /// Where the step of a node stands.
  private var places: [NodeID: Int] = [:]
  private var producers: [Int: Int] = [:]

  init(
    _ steps: [Step], outputs: [Int], constants: [Int: RuntimeTensor], _ backend: any Backend
  ) {
    self.steps = steps
    self.backend = backend
    self.constants = constants
    kept = Set(outputs)
    for (index, step) in steps.enumerated() { link(step, at: index) }
  }

  private mutating func link(_ step: Step, at index: Int) {
    places[step.node] = index
    for slot in step.reads { readers[slot, default: []].append(index) }
    for slot in step.outputs { if let slot { producers[slot] = index } }
  }

  /// Where the step of a node stands.
  func place(_ node: NodeID) -> Int? { places[node] }

  /// The step of a node.
  func step(_ node: NodeID) -> Step? { places[node].flatMap { steps[$0] } }

  /// The step that makes a slot.
  func producer(_ slot: Int?) -> (index: Int, step: Step)? {
    guard let slot, let index = producers[slot], let step = steps[index] else { return nil }
    return (index, step)
  }

  /// The steps that read a slot, once for each operand; nil where a run's result may be read from it.
  func readers(_ slot: Int) -> [Int]? { kept.contains(slot) ? nil : readers[slot, default: []] }

  /// The one step that reads a slot, through one operand.
  func onlyReader(_ slot: Int) -> (index: Int, step: Step)? {
    guard let all = readers(slot), all.count == 1, let step = steps[all[0]] else { return nil }
    return (all[0], step)
  }

  /// The constant that an operand is.
  func constant(_ slot: Int?) -> RuntimeTensor? { slot.flatMap { constants[$0] } }

  /// The only element of a constant of floats.
  func number(_ slot: Int?) -> Float? {
    guard let tensor = constant(slot), tensor.elementType == .float, tensor.count == 1 else {
      return nil
    }
    return tensor.bytes.loadUnaligned(as: Float.self)
  }

  /// Puts one step, at the place of the last, for several.
  ///
  /// What the others make must be read among them only.
  mutating func replace(_ old: [Int], with new: Step) {
    guard let last = old.max() else { return }
    remove(old)
    steps[last] = new
    link(new, at: last)
  }

  /// Makes a slot a constant, and removes the step that computed it.
  mutating func fold(_ index: Int, into values: [(slot: Int, value: RuntimeTensor)]) {
    remove([index])
    for (slot, value) in values { constants[slot] = value }
  }

  /// Removes steps whose results nobody reads.
  mutating func dropUnread() {
    for index in steps.indices.reversed() {
      guard let step = steps[index],
        step.outputs.allSatisfy({ slot in slot.map { readers($0)?.isEmpty ?? false } ?? true })
      else { continue }
      remove([index])
    }
  }

  private mutating func remove(_ indices: [Int]) {
    for index in indices {
      guard let step = steps[index] else { continue }
      if places[step.node] == index { places[step.node] = nil }
      for slot in step.reads { readers[slot]?.removeAll { $0 == index } }
      for slot in step.outputs { if let slot { producers[slot] = nil } }
      steps[index] = nil
    }
  }
}
