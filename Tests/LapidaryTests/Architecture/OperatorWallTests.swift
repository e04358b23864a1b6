import IR
import Operators
import Testing

/// What the project knows about single operators stands below `Operators`, in the catalogue of
/// spellings, in fusion rules and in the tables of quantization targets. Engines ask for facts.
@Suite("Operators are known in one place") struct OperatorWallTests {
  /// Where operators may be named.
  private let places = [
    "Sources/Operators/",
    "Sources/Rewriting/Spellings/",
    "Sources/Rewriting/Patterns/",
    "Sources/Rewriting/Affine/",
    "Sources/Rewriting/Rewriter/",
    "Sources/Passes/Fusion/",
    "Sources/Passes/Quantization/Targets/",
  ]

  private func isOutside(_ source: Source) -> Bool {
    !places.contains { source.path.hasPrefix($0) }
  }

  @Test("No other place names an operator in a string")
  func names() {
    let known = Set(Registry.names.map(\.type))
    var findings: [Finding] = []
    for source in SourceTree.sources where isOutside(source) {
      for name in Set(source.literals).intersection(known).sorted() {
        findings.append(Finding(wall: .operatorNames, place: source.path, what: name))
      }
    }
    Exception.require(.operatorNames, findings)
  }

  /// Swift's own names of operators' types. Those that another type of the project shares are no
  /// evidence.
  private var types: Set<Substring> {
    var operators: Set<Substring> = []
    var others: Set<Substring> = ["Optional", "Range", "Sequence"]
    for source in SourceTree.sources {
      let names = source.declaredTypes
      if source.path.hasPrefix("Sources/Operators/Ops/") {
        operators.formUnion(names.prefix(1))
      } else {
        others.formUnion(names)
      }
    }
    return operators.subtracting(others)
  }

  @Test("No other place uses the type of an operator")
  func casts() {
    let types = types
    #expect(types.count > 150)
    var findings: [Finding] = []
    for source in SourceTree.sources where isOutside(source) {
      let words = Set(source.words.map(\.text))
      for name in words.intersection(types).sorted() {
        findings.append(Finding(wall: .operatorTypes, place: source.path, what: String(name)))
      }
    }
    Exception.require(.operatorTypes, findings)
  }
}
