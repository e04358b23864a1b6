internal import IR
internal import Operators
internal import Rewriting

/// Steps as patterns see them: a slot is a value, and a step goes by its node. What types and ranks
/// computed values have shows when they are computed.
extension StepGraph: PatternGraph {
  func soleMaker(of value: ValueID) -> NodeID? {
    producer(value.index).flatMap { $0.step.outputs.count == 1 ? $0.step.node : nil }
  }

  func kind(_ id: NodeID) -> String? {
    guard let step = step(id), case .plain = step.form else { return nil }
    let name = type(of: step.op).schema.op
    return name.domain.isEmpty ? name.type : nil
  }

  func op(_ id: NodeID) -> (any Operator)? { step(id)?.op }

  func operands(_ id: NodeID) -> [ValueID?] {
    step(id)?.inputs.map { $0.map { ValueID($0) } } ?? []
  }

  func results(_ id: NodeID) -> [ValueID] {
    step(id)?.outputs.compactMap { $0.map { ValueID($0) } } ?? []
  }

  func isConstant(_ value: ValueID) -> Bool { constant(value.index) != nil }

  func number(_ value: ValueID?) -> Double? { number(value?.index).map { Double($0) } }

  func integers(_ value: ValueID?) -> [Int]? { constant(value?.index)?.view.integers }

  func rank(_ value: ValueID?) -> Int? { constant(value?.index)?.shape.count }

  /// Steps that are joined take floats alone; others run as they were.
  func mayHoldFloats(_ value: ValueID) -> Bool { true }

  func name(_ value: ValueID) -> String { "slot \(value.index)" }

  func obstacle(over value: ValueID, readers: Set<NodeID>?) -> String? {
    guard let all = self.readers(value.index) else { return "\(name(value)) is also an output" }
    let isFree = readers.map { readers in
      all.allSatisfy { place in steps[place].map { readers.contains($0.node) } ?? false }
    }
    return isFree ?? (all.count == 1) ? nil : "\(name(value)) has \(all.count) readers"
  }
}
