import IR
import Operators

/// `OPERATORS.md`, and its summary for the README: what is known of each operator, from the results
/// of ONNX's conformance cases.
struct OperatorPage {
  let results: [ConformanceResult]
  let manifest: ConformanceManifest
  /// Facets in the project's own fixtures, for operators that no case has.
  let further: [OperatorFacets]

  /// The page: a row an operator.
  var text: String {
    """
    # Operators

    Generated from `Fixtures/conformance.txt` and from what each operator's file says;
    `RECORD_SNAPSHOTS=1 swift test -c release --filter ConformanceTests` rewrites it. *Cases* are those
    of ONNX's conformance suite (Debian's `libonnx-testdata`) that the operator occurs in: passed of
    all. *Channels* is how the removal of a channel spreads through it, *INT8* how it can be quantized,
    *gradient* whether it has a derivative, in the cases, or in the project's own where these have none of
    it; a dash says that no case has the operator.

    | operator | opsets | cases | channels | INT8 | gradient |
    |:--|:--|--:|:--|:--|:--|

    """ + rows.joined(separator: "\n") + "\n" + skipped
  }

  /// The README's section: a row a group of cases.
  var summary: String {
    var lines = [
      "\(Registry.names.count { $0.domain != Inner.domain }) operators are known, listed in [OPERATORS.md](OPERATORS.md) with the",
      "conformance cases of each. Of ONNX's own cases (`libonnx-testdata`), with both backends:",
      "",
      "| cases | all | pass | need an operator that is not known | skipped |",
      "|:--|--:|--:|--:|--:|",
    ]
    for group in ConformanceTests.groups {
      var counts = [0, 0, 0]
      for result in results where result.group == group {
        switch manifest.verdicts[result.name] {
        case .pass: counts[0] += 1
        case .needs: counts[1] += 1
        case .skip, nil: counts[2] += 1
        }
      }
      let cells = ([counts.reduce(0, +)] + counts).map(String.init)
      lines.append("| \(group) | " + cells.joined(separator: " | ") + " |")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private var rows: [String] {
    var cases: [String: (passed: Int, all: Int)] = [:]
    var facets:
      [String: (channels: Set<String>, quantization: Set<String>, gradient: Set<String>)] = [:]
    let occurring = Set(results.flatMap { $0.facets.map(\.name) })
    for facet in further where !occurring.contains(facet.name) {
      facets[facet.name, default: ([], [], [])].channels.formUnion(facet.channels)
      facets[facet.name, default: ([], [], [])].quantization.formUnion(facet.quantization)
      facets[facet.name, default: ([], [], [])].gradient.formUnion(facet.gradient)
    }
    for result in results {
      let passes = manifest.verdicts[result.name] == .pass
      for name in Set(result.facets.map(\.name)) {
        cases[name, default: (0, 0)].all += 1
        if passes { cases[name, default: (0, 0)].passed += 1 }
      }
      for facet in result.facets {
        facets[facet.name, default: ([], [], [])].channels.formUnion(facet.channels)
        facets[facet.name, default: ([], [], [])].quantization.formUnion(facet.quantization)
        facets[facet.name, default: ([], [], [])].gradient.formUnion(facet.gradient)
      }
    }
    return Registry.names.filter { $0.domain != Inner.domain }.map { op in
      let name = "\(op)"
      let opsets = Registry.opsets(of: op).map { range in
        range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound)–\(range.upperBound)"
      }
      let (passed, all) = cases[name] ?? (0, 0)
      func text(_ set: Set<String>?) -> String {
        set.flatMap { $0.isEmpty ? nil : $0.sorted().joined(separator: "; ") } ?? "–"
      }
      return "| \(name) | \(opsets.joined(separator: ", ")) | \(passed)/\(all)"
        + " | \(text(facets[name]?.channels)) | \(text(facets[name]?.quantization))"
        + " | \(text(facets[name]?.gradient)) |"
    }
  }

  private var skipped: String {
    var reasons: [String: [String]] = [:]
    for (name, verdict) in manifest.verdicts {
      if case .skip(let reason) = verdict { reasons[reason, default: []].append(name) }
    }
    guard !reasons.isEmpty else { return "" }
    let lines = reasons.sorted { $0.key < $1.key }.map { "| \($0.key) | \($0.value.count) |" }
    return "\nCases that are skipped, and why:\n\n| reason | cases |\n|:--|--:|\n"
      + lines.joined(separator: "\n") + "\n"
  }
}
