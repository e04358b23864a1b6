public import IR

/// Sets or removes entries of a model's metadata.
public struct ChangeMetadata: Annotation {
  /// The edit's name.
  public let name = "metadata"
  private let entries: [(key: String, value: String?)]

  /// Reads `KEY=VALUE`; with nothing behind the sign the entry goes.
  ///
  /// - Throws: `ModelError` with code `request` for another form.
  public init(_ texts: [String]) throws(ModelError) {
    entries = try texts.map { text throws(ModelError) in
      guard let sign = text.firstIndex(of: "="), sign > text.startIndex else {
        throw ModelError(.request, "--metadata: expected KEY=VALUE, found '\(text)'")
      }
      let value = text[text.index(after: sign)...]
      return (String(text[..<sign]), value.isEmpty ? nil : String(value))
    }
  }

  /// Sets the entries.
  public func run(_ model: inout Model) throws(ModelError) -> PassReport {
    var report = PassReport(pass: name)
    for (key, value) in entries {
      let place = model.metadata.firstIndex { $0.key == key }
      switch (place, value) {
      case (let place?, let value?): model.metadata[place].value = value
      case (let place?, nil): model.metadata.remove(at: place)
      case (nil, let value?): model.metadata.append(MetadataEntry(key: key, value: value))
      case (nil, nil):
        report.declined.append(.init(node: "'\(key)'", text: "is not there"))
        continue
      }
      report.applied.append(.init(node: "'\(key)'", text: value.map { "is '\($0)'" } ?? "went"))
    }
    return report
  }
}

extension MetadataEntry {
  /// An entry without fields of newer releases.
  fileprivate init(key: String, value: String) { self.init(key: key, value: value, extras: []) }
}

/// Changes the version of the file format that a model states.
public struct ChangeIRVersion: Annotation {
  /// The edit's name.
  public let name = "ir-version"
  private let version: Int
  /// Versions in which a model can be stated.
  private static let known = 3...14

  /// Makes the edit.
  ///
  /// - Throws: `ModelError` with code `request` for a version that is not known.
  public init(_ version: Int) throws(ModelError) {
    guard Self.known.contains(version) else {
      throw ModelError(
        .request,
        "expected a version from \(Self.known.lowerBound) to \(Self.known.upperBound), found \(version)"
      )
    }
    self.version = version
  }

  /// States the version.
  ///
  /// - Throws: `ModelError` where the model holds what that version does not know.
  public func run(_ model: inout Model) throws(ModelError) -> PassReport {
    var report = PassReport(pass: name)
    guard model.irVersion != version else { return report }
    if version < 4, model.graph.initializers.contains(where: { !model.graph.isInput($0) }) {
      throw refused("initializers that are no inputs", first: 4)
    }
    if version < 8, !model.functions.isEmpty { throw refused("functions", first: 8) }
    if version < 9, types(model).contains(where: { (17...20).contains($0.rawValue) }) {
      throw refused("8-bit floats", first: 9)
    }
    if version < 10, types(model).contains(where: { (21...22).contains($0.rawValue) }) {
      throw refused("4-bit integers", first: 10)
    }
    report.applied.append(
      .init(node: "model", text: "IR version \(model.irVersion ?? 0) -> \(version)"))
    model.irVersion = version
    model.graph.initializersAreConstant = version < 4
    return report
  }

  private func refused(_ what: String, first: Int) -> ModelError {
    ModelError(
      .request, "expected version \(first) or later for a model with \(what), found \(version)")
  }

  private func types(_ model: Model) -> [ElementType] {
    model.graph.initializers.compactMap { model.graph[$0].initializer?.elementType }
  }
}
