public import IR

/// Takes initializers off the inputs, so that nobody overrides them.
public struct FixConstantInputs: Annotation {
  /// The edit's name.
  public let name = "constant-inputs"
  /// The first version of the format in which initializers need not be inputs.
  private static let firstVersion = 4

  /// Makes the edit.
  public init() {}

  /// Takes them off. A model of an older format comes to IR version 4, which allows that.
  public func run(_ model: inout Model) throws(ModelError) -> PassReport {
    var report = PassReport(pass: name)
    let found = model.graph.initializers.filter { model.graph.isInput($0) }
    guard !found.isEmpty else { return report }
    if model.irVersion ?? 0 < Self.firstVersion {
      report.applied.append(
        .init(
          node: "model", text: "IR version \(model.irVersion ?? 0) -> \(Self.firstVersion)"))
      model.irVersion = Self.firstVersion
      model.graph.initializersAreConstant = false
    }
    for id in found {
      model.graph.removeInput(id)
      report.applied.append(
        .init(node: "input '\(model.graph[id].name)'", text: "a constant from now on"))
    }
    return report
  }

  /// Runs both models on the inputs that are left.
  public func prove(
    _ before: Model, _ after: Model, _ verification: Verification
  ) throws(ModelError) -> EditProof {
    EditProof(try verification.check(before, after))
  }
}
