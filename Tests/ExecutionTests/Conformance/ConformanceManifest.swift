import Foundation
import TestSupport

/// `Fixtures/conformance.txt`: what becomes of each of ONNX's conformance cases, a line a case.
///
/// `node/test_relu: pass`, `node/test_foo: needs Foo` where an operator is not known, or
/// `node/test_dropout: skip, random output` with a reason that somebody gave.
struct ConformanceManifest {
  /// What a line says of its case.
  enum Verdict: Hashable {
    /// The case gives the expected outputs.
    case pass
    /// It cannot run: the operators named are not known.
    case needs(String)
    /// It does not pass, and this is why.
    case skip(String)
  }

  /// Verdicts by group and name of the case.
  var verdicts: [String: Verdict] = [:]

  static let path = Repository.fixture("conformance.txt")

  /// Reads lines. Where a case has two, which merging branches can leave, a pass wins: it is the
  /// one that is checked most strictly.
  init(_ text: String) {
    for line in text.split(separator: "\n") {
      guard let colon = line.range(of: ": ") else { continue }
      let name = String(line[..<colon.lowerBound])
      let rest = line[colon.upperBound...]
      let verdict: Verdict =
        if rest == "pass" {
          .pass
        } else if rest.hasPrefix("needs ") {
          .needs(String(rest.dropFirst(6)))
        } else {
          .skip(String(rest.hasPrefix("skip, ") ? rest.dropFirst(6) : rest))
        }
      if verdicts[name] != .pass { verdicts[name] = verdict }
    }
  }

  static func read() -> ConformanceManifest {
    ConformanceManifest((try? String(contentsOfFile: path, encoding: .utf8)) ?? "")
  }

  /// The file's text: sorted lines.
  var text: String {
    verdicts.sorted { $0.key < $1.key }.map { name, verdict in
      switch verdict {
      case .pass: "\(name): pass\n"
      case .needs(let operators): "\(name): needs \(operators)\n"
      case .skip(let reason): "\(name): skip, \(reason)\n"
      }
    }.joined()
  }

  /// The manifest with what results allow to write without a person's judgement: a pass, and which
  /// operators a case needs. A case that fails keeps its line, so that no failure is recorded away.
  func updated(with results: [ConformanceResult]) -> ConformanceManifest {
    var manifest = self
    manifest.verdicts = manifest.verdicts.filter { name, _ in
      results.contains { $0.name == name }
    }
    for result in results {
      if !result.unknown.isEmpty {
        if verdicts[result.name] != .pass {
          manifest.verdicts[result.name] = .needs(result.unknown.joined(separator: " "))
        }
      } else if result.failure == nil {
        manifest.verdicts[result.name] = .pass
      }
    }
    return manifest
  }

  /// Where the results contradict the manifest, a line each.
  func contradictions(_ results: [ConformanceResult]) -> [String] {
    var lines: [String] = []
    for result in results {
      let failure =
        result.unknown.isEmpty
        ? result.failure : "needs \(result.unknown.joined(separator: " "))"
      switch (verdicts[result.name], failure) {
      case (.pass, nil), (.skip, _?): break
      case (.pass, let failure?): lines.append("\(result.name) is listed as a pass: \(failure)")
      case (.needs(let operators), let failure?):
        if result.unknown.joined(separator: " ") != operators {
          lines.append("\(result.name) is listed as one that needs \(operators): \(failure)")
        }
      case (.needs, nil), (.skip, nil):
        lines.append("\(result.name) passes, but is not listed as a pass")
      case (nil, let failure): lines.append("\(result.name) is not listed: \(failure ?? "passes")")
      }
    }
    let names = Set(results.map(\.name))
    lines += verdicts.keys.filter { !names.contains($0) }.sorted().map {
      "\($0) is listed, but there is no such case"
    }
    return lines
  }
}
