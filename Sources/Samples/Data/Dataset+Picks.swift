package import IR

extension Dataset {
  /// The number of groups of samples that are run together: the samples themselves, where the model
  /// takes any number.
  package var groupCount: Int { count / (batch ?? 1) }

  /// The inputs of some groups, in the order given, and their labels where there are any.
  package func picked(
    _ groups: [Int]
  ) throws(ModelError) -> (inputs: [String: Tensor], labels: [Int]?) {
    let part = Dataset(self, groups: groups, as: part)
    return (try part.inputs(0..<part.count), part.labels)
  }
}
