internal import IR
internal import Kernels
internal import Operators

extension StepGraph {
  /// Joins functions of one element between DequantizeLinear and QuantizeLinear with these: what
  /// becomes of each of 256 bytes is computed once.
  mutating func joinTables() {
    for index in steps.indices {
      guard let step = steps[index], case .quantization? = step.op.computation,
        let y = rounding(step), let found = functions(index, step),
        let (bytes, x, source) = integers(found.start),
        x.elementType == .uint8 || x.elementType == .int8, let dequantization = steps[source],
        let table = table(dequantization, found.members, step, x.elementType)
      else { continue }
      let members = found.members.compactMap { steps[$0] }
      var joined = Step(
        members.last ?? step, inputs: [bytes], outputs: step.outputs,
        form: .table(table, y.elementType), parts: [dequantization] + members + [step])
      let rank = members.reduce(0) { max($0, $1.condition?.leastRank ?? 0) }
      if rank > 0 { joined.condition = OperandCondition(leastRank: rank) }
      replace(found.members + [index], with: joined)
    }
    dropUnread()
  }

  /// The functions before a rounding, the first one first, and what they are computed of.
  private func functions(_ index: Int, _ step: Step) -> (members: [Int], start: Int)? {
    var members: [Int] = []
    var reader = index
    var slot = step.inputs[0]
    while let current = slot, let (place, inner) = producer(current),
      onlyReader(current)?.index == reader, isFunction(inner)
    {
      members.insert(place, at: 0)
      reader = place
      slot = inner.inputs[0]
    }
    return slot.flatMap { members.isEmpty ? nil : (members, $0) }
  }

  /// Whether a step computes a function of each element of its first input.
  private func isFunction(_ step: Step) -> Bool {
    switch step.form {
    case .plain, .function: break
    default: return false
    }
    guard step.condition?.asksRankAlone ?? true, step.op.computation?.isElementwise ?? false else {
      return false
    }
    return step.outputs.count == 1
      && step.inputs.dropFirst().allSatisfy { $0 == nil || number($0) != nil }
  }

  /// What becomes of each byte.
  private func table(
    _ dequantization: Step, _ functions: [Int], _ rounding: Step, _ type: ElementType
  ) -> [UInt8]? {
    let all = Tensor(type, [256], Storage((0...255).map { UInt8($0) }))
    guard var value = RuntimeTensor(all) else { return nil }
    for step in [dequantization] + functions.compactMap({ steps[$0] }) + [rounding] {
      let operands = [value] + step.inputs.dropFirst().map { constant($0) }
      guard let next = computed(step, operands)?.first, next.shape == [256] else { return nil }
      value = next
    }
    return Array(value.bytes)
  }
}
