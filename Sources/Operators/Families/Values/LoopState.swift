package import IR

/// What Loop and Scan share: types of values that go from one run of the body to the next.
extension Inputs {
  /// The types that cover every run of a body: they start as those of the first run and are widened
  /// until the body gives back no others. The last call of `infer` is with the result.
  ///
  /// - Parameters:
  ///   - first: what is known about the state before the first run.
  ///   - infer: the state after a run, for the state before.
  package func settled(
    _ first: [Operand], _ infer: ([Operand]) throws(ModelError) -> [Operand]
  ) throws(ModelError) -> [Operand] {
    var state = first.map { operand in
      Operand(name: operand.name, valueType: operand.valueType)
    }
    // Each round opens at least one length, or gives up a shape or a type: it ends.
    while true {
      let next = try infer(state)
      var wider = state
      for index in state.indices {
        guard let before = state[index].valueType, let after = next[safe: index]?.valueType else {
          wider[index].valueType = nil
          continue
        }
        wider[index].valueType = before.widened(to: after)
      }
      if zip(wider, state).allSatisfy({ $0.valueType == $1.valueType }) { return state }
      state = wider
    }
  }
}
