public import IR

/// Makes equal constants one.
public struct DeduplicateTensors: Annotation {
  /// The edit's name.
  public let name = "deduplicate"

  /// Makes the edit.
  public init() {}

  /// Unites equal initializers; those with metadata or annotations of their own stay.
  public func run(_ model: inout Model) throws(ModelError) -> PassReport {
    let before = model.graph.constantBytes
    var report = try Simplification(
      FusionOptions(only: [DeduplicateInitializers.name], growthLimit: 0)
    ).run(&model)
    model.graph.dropUnusedValues()
    report.pass = name
    if !report.applied.isEmpty {
      let count = report.applied.count
      let saved = before - model.graph.constantBytes
      report.applied = [
        .init(node: "initializers", text: "\(count) equal to others went, \(saved) bytes fewer")
      ]
    }
    return report
  }
}
