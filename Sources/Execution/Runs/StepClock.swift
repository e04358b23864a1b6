internal import IR
internal import Operators

/// Adds up the time of steps by what they compute, and by the node that they are.
final class StepClock {
  private(set) var entries: [OperatorTime] = []
  /// The time of each step by the label of its node.
  private(set) var nodes: [String: Duration] = [:]
  private var places: [String: Int] = [:]
  private let clock = ContinuousClock()

  var now: ContinuousClock.Instant { clock.now }

  /// Counts a step that has run: its operands that are still there, and its results, give the number
  /// of its multiply-accumulates.
  func record(_ step: Step, _ values: [RuntimeTensor?], since start: ContinuousClock.Instant) {
    let time = clock.now - start
    let name = step.title
    let place = places[name] ?? entries.count
    if place == entries.count {
      places[name] = place
      entries.append(OperatorTime(name: name))
    }
    entries[place].count += 1
    entries[place].time += time
    entries[place].macs += macs(step, values)
    nodes[step.label, default: .zero] += time
  }

  private func macs(_ step: Step, _ values: [RuntimeTensor?]) -> Int {
    func operand(_ slot: Int?) -> Operand? {
      guard let slot, let value = values[slot] else { return nil }
      return Operand(name: "", type: TensorType(value.elementType, value.shape))
    }
    let inputs = Inputs(label: step.label, step.inputs.map(operand))
    let outputs = step.outputs.map { operand($0)?.type ?? .unknown }
    return step.op.macs(inputs, outputs) ?? 0
  }
}

/// How long a kind of step took in all.
public struct OperatorTime: Sendable {
  /// The operators, joined by `+` where they run as one.
  public let name: String
  /// How often such a step ran.
  public internal(set) var count = 0
  /// The time of all of them.
  public internal(set) var time = Duration.zero
  /// Their multiply-accumulates.
  public internal(set) var macs = 0
}

extension Step {
  /// The operators that the step stands for.
  var title: String {
    guard !parts.isEmpty else { return "\(type(of: op).schema.op)" }
    switch form {
    case .integer, .onIntegers, .table:
      let computing = parts.filter { !($0.op is any LinearQuantization) }
      return "INT8 " + computing.map(\.title).joined(separator: "+")
    default: return parts.map(\.title).joined(separator: "+")
    }
  }
}
