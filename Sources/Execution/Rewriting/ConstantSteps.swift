internal import IR
internal import Operators
internal import Rewriting

extension StepGraph {
  /// Computes what depends on constants only.
  ///
  /// - Parameter dequantizing: whether weights that are stored as integers become floats as well.
  mutating func foldConstants(dequantizing: Bool = false) {
    for index in steps.indices {
      guard let step = steps[index], step.bodies.isEmpty,
        folder.folds(step.op) || dequantizing && step.op.isDequantization
      else { continue }
      if let tensor = step.op.constantValue {
        if let value = RuntimeTensor(tensor), let slot = step.outputs.first ?? nil {
          fold(index, into: [(slot, value)])
        }
        continue
      }
      guard !(step.valueOp?.needsValues ?? false) else { continue }
      let operands = step.inputs.map { constant($0) }
      guard !step.inputs.isEmpty, zip(step.inputs, operands).allSatisfy({ $0 == nil || $1 != nil }),
        let results = computed(step, operands)
      else { continue }
      let given = operands.reduce(0) { $0 + ($1?.bytes.count ?? 0) }
      let made = results.reduce(0) { $0 + $1.bytes.count }
      guard folder.admits(made: made, freed: given) else { continue }
      folder.count(made: made, freed: given)
      fold(
        index,
        into: zip(step.outputs, results).compactMap { slot, value in slot.map { ($0, value) } })
    }
  }

  /// The results of a step of constants; nil where a run would say why they cannot be had.
  func computed(_ step: Step, _ operands: [RuntimeTensor?]) -> [RuntimeTensor]? {
    do throws(ModelError) {
      try step.checkTypes(operands)
      let results = try folder.compute(
        step.op, label: step.label, inputs: operands.map { $0?.tensor },
        outputs: step.outputs.count)
      let values = results?.compactMap { RuntimeTensor($0) }
      return values?.count == results?.count ? values : nil
    } catch {
      return nil
    }
  }
}
