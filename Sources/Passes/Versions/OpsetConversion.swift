public import IR
internal import Operators

/// Says a model in another version of ONNX's operator set: its graph, subgraphs and functions.
///
/// Each operator states beside itself what versions changed in it (`Revision`); the conversion goes
/// through the versions one by one. What the other version cannot say is declined by name.
public struct OpsetConversion: Sendable {
  /// The version to convert to.
  public let target: Int
  /// The most nodes that a message names.
  private static let mostShown = 3

  /// What a conversion did.
  public struct Result: Sendable {
    /// The model in the other version.
    public var model: Model
    /// The version that it was in.
    public let from: Int
    /// The version that it is in.
    public let to: Int
    /// The nodes that had to be said otherwise, in order.
    public let rewritten: [String]
    /// How the result was proved.
    public var proof = StageProof.notAsked
  }

  /// - Throws: `ModelError` for a version that is not known.
  public init(to target: Int) throws(ModelError) {
    let known = OperatorSets.oldest...OperatorSets.newest
    guard known.contains(target) else {
      throw ModelError(
        .request,
        "operator set: expected a version from \(known.lowerBound) to \(known.upperBound), found \(target)"
      )
    }
    self.target = target
  }

  /// Converts a model and requires that both compute the same, where inputs are found that it takes.
  ///
  /// - Throws: what `convert` throws, and `ModelError` with code `verification` for a result that
  ///   differs.
  public func convert(
    _ model: Model, provedBy verification: Verification?
  ) throws(ModelError) -> Result {
    var result = try convert(model)
    guard let verification else { return result }
    result.proof = StageProof(try verification.compare(model, result.model))
    return result
  }

  /// Converts a model.
  ///
  /// - Throws: `ModelError` that names each node that the other version cannot say.
  public func convert(_ model: Model) throws(ModelError) -> Result {
    guard let from = model.opset() else {
      throw ModelError(.invalid, "operator set: expected a version of ONNX's own, found none")
    }
    var result = model
    var names: [String] = []
    var declines: [ModelError] = []
    let facts = VersionFacts([try inferTypes(model)])
    let functions = Set(model.functions.map(\.fullName))
    func convert(_ graph: inout Graph, _ facts: VersionFacts, from: Int) throws(ModelError) {
      var conversion = try GraphConversion(
        graph, facts, from: from, to: target, functions: functions)
      try conversion.run()
      graph = conversion.graph
      names += conversion.rewritten
      declines += conversion.declines
    }
    try convert(&result.graph, facts, from: from)
    var calls: [Function.Name: [TypedGraph]] = [:]
    if !model.functions.isEmpty { facts.collectCalls(&calls) }
    for index in result.functions.indices {
      let function = result.functions[index]
      guard let own = function.opsetImports.version(of: "") else { continue }
      try convert(
        &result.functions[index].body, VersionFacts(calls[function.fullName] ?? []), from: own)
      result.functions[index].opsetImports.setVersion(target)
    }
    if let first = declines.first {
      let shown = declines.prefix(Self.mostShown).map(\.message).joined(separator: "; ")
      let others = declines.count - Self.mostShown
      let rest = others > 0 ? "; and \(others) more" : ""
      throw ModelError(
        .unsupported, "operator set \(target): \(shown)\(rest)", hint: first.hint)
    }
    result.opsetImports.setVersion(target)
    // Before version 4 of the format initializers had to be inputs; raising it would change what
    // callers may override.
    if let version = model.irVersion, version >= 4 {
      result.irVersion = max(version, OperatorSets.irVersion(of: target))
    }
    return Result(model: result, from: from, to: target, rewritten: names)
  }
}

extension OpsetConversion {
  /// A model with its nodes spelled in the one way that all versions of their operators share, such as
  /// axes counted from the front, where types are known well enough. Functions stay as they are.
  public static func evened(_ model: Model) -> Model {
    guard let version = model.opset(), let types = try? inferTypes(model),
      var conversion = try? GraphConversion(
        model.graph, VersionFacts([types]), from: version, to: version,
        functions: Set(model.functions.map(\.fullName))),
      (try? conversion.even()) != nil
    else { return model }
    var result = model
    result.graph = conversion.graph
    return result
  }
}

extension [OpsetImport] {
  /// Sets the version of ONNX's own operator set.
  fileprivate mutating func setVersion(_ version: Int) {
    for index in indices where OperatorName("", domain: self[index].domain ?? "").domain.isEmpty {
      self[index].version = version
    }
  }
}
