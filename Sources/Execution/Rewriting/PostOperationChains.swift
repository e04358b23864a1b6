internal import IR
internal import Kernels
internal import Operators
internal import Rewriting

extension StepGraph {
  /// Joins operators that can carry on their result with what follows them.
  mutating func joinChains() {
    for index in steps.indices {
      var position = index
      while let next = extended(position) {
        replace([position, next.index], with: next.step)
        position = next.index
      }
    }
  }

  /// The step at `index` joined with the one that reads its result, and the place of that.
  private func extended(_ index: Int) -> (index: Int, step: Step)? {
    guard let step = steps[index], !step.isMagnified, step.outputs.count == 1,
      let slot = step.outputs[0],
      let (operations, count) = carried(step), let (place, next) = onlyReader(slot),
      next.outputs.count == 1 || next.outputs.dropFirst().allSatisfy({ $0 == nil })
    else { return nil }
    guard let computation = step.op.computation,
      let (more, operand) = following(next, slot, inputs: step.inputs.count)
    else { return nil }
    let chain = PostOperation.chain(operations + more)
    guard backend.carries(chain, behind: computation) else { return nil }
    let joined = Step(
      step, inputs: step.inputs + (operand.map { [$0] } ?? []), outputs: [next.outputs[0]],
      form: .chain(chain, inputs: count), parts: [step, next])
    return (place, joined)
  }

  /// What follows the operator in a step already, and how many inputs are its own; nil for operators that carry nothing on.
  private func carried(_ step: Step) -> ([PostOperation], inputs: Int)? {
    switch step.form {
    case .chain(let operations, let inputs): return (operations, inputs)
    case .plain:
      return step.op.computation?.carriesOn ?? false ? ([], step.inputs.count) : nil
    default: return nil
    }
  }

  /// What a step does with the slot, as an operation that can follow another one, and the further
  /// slot that it reads.
  private func following(
    _ step: Step, _ slot: Int, inputs: Int
  ) -> (operations: [PostOperation], operand: Int?)? {
    guard step.condition?.isMild ?? true else { return nil }
    if case .function(let functions) = step.form {
      return (functions.map { .function($0) }, nil)
    }
    guard case .plain = step.form else { return nil }
    if let function = step.binaryFunction {
      return following(step, function, slot, inputs: inputs)
    }
    if case .channelNormalization(let epsilon)? = step.op.computation {
      guard let (factor, offset) = affine(step, epsilon: epsilon) else { return nil }
      return ([.affine(factor: factor, offset: offset)], nil)
    }
    return elementFunctions(step).map { ($0.map { .function($0) }, nil) }
  }

  private func following(
    _ step: Step, _ function: BinaryFunction, _ slot: Int, inputs: Int
  ) -> (operations: [PostOperation], operand: Int?)? {
    let isFirst = step.inputs[0] == slot
    guard let other = step.inputs[isFirst ? 1 : 0], other != slot else { return nil }
    if let number = number(other),
      let function = ElementFunction.linear(function, number, isFirst: isFirst)
    {
      // A number with more axes than the result would add axes to it.
      return constant(other)?.shape.isEmpty ?? false || constant(other)?.shape == [1]
        ? ([.function(function)], nil) : nil
    }
    guard isFirst || function == .add || function == .multiply else { return nil }
    return ([.binary(function, input: inputs)], other)
  }

  /// What a normalisation with constant statistics multiplies with and adds.
  func affine(_ step: Step, epsilon: Float) -> ([Float], [Float])? {
    guard step.inputs.count == 5 else { return nil }
    let parameters = step.inputs.dropFirst().compactMap { slot -> [Double]? in
      guard let tensor = constant(slot), tensor.elementType == .float, tensor.shape.count == 1
      else { return nil }
      return tensor.bytes.bindMemory(to: Float.self).map { Double($0) }
    }
    guard let source = step.inputs.first ?? nil, parameters.count == 4,
      Set(parameters.map(\.count)).count == 1
    else { return nil }
    let affine = ChannelAffine(
      source: ValueID(source), scale: parameters[0], bias: parameters[1], mean: parameters[2],
      variance: parameters[3], epsilon: Double(epsilon))
    return (affine.scale.map { Float($0) }, affine.shift.map { Float($0) })
  }
}

extension Computation {
  /// Whether a result may be carried on within the step, where the backend can.
  fileprivate var carriesOn: Bool {
    switch self {
    case .convolution(_, of: .plain), .channelNormalization: true
    case .product(.stacks, of: .plain), .product(.matrices, of: .plain): true
    default: false
    }
  }
}

extension PostOperation {
  /// The operations with neighbouring linear functions joined.
  fileprivate static func chain(_ operations: [PostOperation]) -> [PostOperation] {
    var chain: [PostOperation] = []
    for operation in operations {
      if case .function(let function) = operation, case .function(let last)? = chain.last,
        let joined = last.followed(by: function)
      {
        chain[chain.count - 1] = .function(joined)
      } else {
        chain.append(operation)
      }
    }
    return chain
  }
}
