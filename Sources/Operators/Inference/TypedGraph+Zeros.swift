package import IR

extension TypedGraph {
  /// Whether all elements of a value are zeros: of a constant, of one that is filled when the model
  /// runs, or of such with its elements moved.
  package func isZero(_ value: ValueID) -> Bool {
    if let constant = constant(value) {
      return constant.doubles?.allSatisfy { $0 == 0 } ?? false
    }
    guard let producer = graph[value].producer, let op = op(producer) else { return false }
    if let filled = op as? ConstantOfShape {
      return filled.value.doubles?.allSatisfy { $0 == 0 } ?? false
    }
    guard op is any Reshaping || op is any Cutting || op is Transpose || op is Expand,
      let source = graph[producer].inputs.first ?? nil
    else { return false }
    return isZero(source)
  }
}
