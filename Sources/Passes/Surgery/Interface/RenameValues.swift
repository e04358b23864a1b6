public import IR

/// Gives inputs and outputs, or values between them, other names.
public struct RenameValues: GraphEdit {
  /// The edit's name.
  public let name = "rename"
  private let names: [(old: String, new: String)]

  /// - Parameter names: old and new names, in order.
  public init(_ names: [(old: String, new: String)]) { self.names = names }

  /// Reads `OLD=NEW`; the last `=` counts, since names of exporters may hold one.
  ///
  /// - Throws: `ModelError` with code `request` for another form.
  public init(_ texts: [String]) throws(ModelError) {
    names = try texts.map { text throws(ModelError) in
      guard let sign = text.lastIndex(of: "="), sign > text.startIndex,
        text.index(after: sign) < text.endIndex
      else {
        throw ModelError(.request, "--rename: expected OLD=NEW, found '\(text)'")
      }
      return (String(text[..<sign]), String(text[text.index(after: sign)...]))
    }
  }

  /// Renames.
  public func run(_ model: inout Model) throws(ModelError) -> PassReport {
    var report = PassReport(pass: name)
    // All at once, so that two names can be exchanged.
    var ids: [ValueID] = []
    for (old, _) in names { ids.append(try model.graph.requireValue(old)) }
    guard Set(ids).count == ids.count else {
      throw ModelError(.request, "--rename: expected each value once, found one twice")
    }
    for (index, id) in ids.enumerated() {
      var stem = "renamed_\(index)"
      while model.graph.value(named: stem) != nil { stem += "_" }
      try model.graph.rename(id, to: stem)
    }
    for (id, pair) in zip(ids, names) {
      try noting("'\(pair.old)'") { () throws(ModelError) in
        try model.graph.rename(id, to: pair.new)
      }
      guard pair.old != pair.new else { continue }
      report.applied.append(.init(node: "'\(pair.old)'", text: "is called '\(pair.new)'"))
    }
    return report
  }

  /// Runs both models on the same inputs under their names.
  public func prove(
    _ before: Model, _ after: Model, _ verification: Verification
  ) throws(ModelError) -> EditProof {
    let runs = EditRuns(verification: verification)
    guard let sample = try runs.sample(before) else { return .notRunnable }
    var inputs: [String: Tensor] = [:]
    for (old, new) in zip(before.graph.inputs, after.graph.inputs) {
      inputs[after.graph[new.value].name] = sample.inputs[before.graph[old.value].name]
    }
    guard let results = try runs.run(after, inputs) else { return .notRunnable }
    let pairs = zip(before.graph.outputs, after.graph.outputs).map { old, new in
      let name = before.graph[old.value].name
      return (name, sample.outputs[name], results[after.graph[new.value].name])
    }
    return EditProof(try runs.compare(pairs))
  }
}
