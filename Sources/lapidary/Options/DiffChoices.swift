import ArgumentParser
import Lapidary
import Platform

/// What counts as a difference.
struct DiffChoices: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "What counts as a difference: \(DiffHunk.Kind.allCases.map(\.rawValue).joined(separator: ", ")).",
      valueName: "LIST"))
  var failOn: String?

  @Option(
    help: ArgumentHelp(
      "Bring both models into one form first: \(Modulo.allCases.map(\.rawValue).joined(separator: ", ")).",
      valueName: "LIST"))
  var modulo: String?

  @Option(
    help: ArgumentHelp(
      "How far weights may lie apart: relative:1e-4 (of their root mean square), absolute:1e-6 or sqnr:60 (dB).",
      valueName: "HOW:NUMBER"))
  var weightTolerance: String?

  @Option(
    help: ArgumentHelp(
      "Do not count differences at nodes or values of such names; may be given several times.",
      valueName: "PATTERN"))
  var ignore: [String] = []

  @Option(
    help: ArgumentHelp(
      "A file that says what counts and what is allowed where; none for no such file.",
      valueName: "FILE.yaml"), completion: .file())
  var policy: String?

  /// The comparison that was asked for.
  func diff() throws(ModelError) -> ModelDiff {
    var diff = ModelDiff()
    if let policy = try loadedPolicy() {
      if let failOn = policy.failOn { diff.options.failOn = failOn }
      diff.options.weightTolerance = policy.weightTolerance
      diff.options.allowances = policy.allowances
      diff.modulo = policy.modulo
    }
    if let failOn {
      diff.options.failOn = Set(try Self.words(failOn, "--fail-on", DiffHunk.Kind.self))
    }
    if let modulo { diff.modulo = Set(try Self.words(modulo, "--modulo", Modulo.self)) }
    if let weightTolerance {
      diff.options.weightTolerance = try WeightTolerance(text: weightTolerance)
    }
    diff.options.allowances += ignore.map { .init($0, reason: "--ignore \($0)") }
    return diff
  }

  private func loadedPolicy() throws(ModelError) -> DiffPolicy? {
    if policy == "none" { return nil }
    guard let path = policy ?? Self.localPolicy else { return nil }
    return try DiffPolicy(yaml: String(decoding: try TextFile.read(path), as: UTF8.self))
  }

  private static var localPolicy: String? {
    FileTree.exists(DiffPolicy.fileName) ? DiffPolicy.fileName : nil
  }

  private static func words<T: RawRepresentable & CaseIterable>(
    _ list: String, _ option: String, _ type: T.Type
  ) throws(ModelError) -> [T] where T.RawValue == String {
    var found: [T] = []
    for word in list.split(separator: ",") {
      guard let value = T(rawValue: String(word)) else {
        let all = T.allCases.map(\.rawValue).joined(separator: ", ")
        throw ModelError(
          .request, "\(option): expected words among \(all), found '\(word)'",
          hint: NearWord.nearest(to: String(word), among: T.allCases.map(\.rawValue)).map {
            "did you mean '\($0)'?"
          })
      }
      found.append(value)
    }
    return found
  }
}
