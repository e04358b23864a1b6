import Foundation
import IR
import Operators
import TestSupport
import Testing

/// Rules of the source tree that the compiler does not check.
@Suite struct ArchitectureTests {
  private struct Source {
    /// The path from the top folder.
    let path: String
    let text: String
  }

  /// All Swift files below a folder.
  private func sources(_ folder: String) throws -> [Source] {
    let root = Repository.root.path
    let files = FileManager.default.enumerator(atPath: "\(root)/\(folder)")
    let names = (files?.compactMap { $0 as? String } ?? []).filter { $0.hasSuffix(".swift") }
    #expect(!names.isEmpty, "\(folder) has files")
    return try names.sorted().map { name in
      Source(
        path: "\(folder)/\(name)",
        text: try String(contentsOfFile: "\(root)/\(folder)/\(name)", encoding: .utf8))
    }
  }

  /// The text without comments and string literals, or only the literals.
  private func literals(_ text: String) -> [String] {
    text.split(separator: "\n").filter { !$0.drop { $0 == " " }.hasPrefix("//") }
      .flatMap { $0.matches(of: /"([^"\\]*)"/).map { String($0.output.1) } }
  }

  private func code(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false)
      .map { $0.replacing(/"([^"\\]|\\.)*"/, with: "\"\"").replacing(/\/\/.*/, with: "") }
      .joined(separator: "\n")
  }

  @Test("Every file of Operators/Ops holds one operator, and it is registered")
  func operatorFiles() throws {
    let known = Set(Registry.names)
    var found: Set<OperatorName> = []
    for source in try sources("Sources/Operators/Ops") {
      let names = source.text.matches(of: /Schema\(\s*"([A-Za-z0-9]+)"/).map { String($0.output.1) }
      #expect(names.count == 1, "\(source.path) declares \(names)")
      guard let name = names.first, let file = source.path.split(separator: "/").last else {
        continue
      }
      // Files of another domain stand in a folder of its own, and begin with its namespace.
      let isMicrosoft = source.path.contains("/Microsoft/")
      let expected = isMicrosoft ? "Microsoft+\(name).swift" : "\(name).swift"
      #expect(file == expected, "\(source.path) declares \(name)")
      #expect(source.text.contains("domain: Microsoft.domain") == isMicrosoft, "\(source.path)")
      guard
        let op = known.first(where: {
          $0.type == name && ($0.domain == Microsoft.domain) == isMicrosoft
        })
      else {
        Issue.record("\(source.path): \(name) is not in Registry.swift")
        continue
      }
      #expect(found.insert(op).inserted, "\(op) is declared twice")
    }
    #expect(found == known)
  }

  @Test("Operators are named in strings only by Operators and the fusion rules")
  func operatorNames() throws {
    let known = Set(Registry.names.map(\.type))
    for source in try sources("Sources") {
      if source.path.hasPrefix("Sources/Operators/") { continue }
      if source.path.hasPrefix("Sources/Passes/Fusion/") { continue }
      let named = literals(source.text).filter { known.contains($0) }
      #expect(named.isEmpty, "\(source.path) names \(named)")
    }
  }

  @Test("Nothing in the sources stops the process, and no test looks behind access control")
  func noTraps() throws {
    for source in try sources("Sources") {
      let code = code(source.text)
      for word in ["fatalError(", "try!", "as!", "preconditionFailure("] {
        #expect(!code.contains(word), "\(source.path) has \(word)")
      }
    }
    for source in try sources("Sources") + sources("Tests") {
      let attribute = "@" + "testable"
      #expect(!source.text.contains(attribute), "\(source.path) has \(attribute)")
    }
  }

  /// Files that promise the compiler something about sharing, with the reason.
  private let unchecked = [
    // Bytes never change after initialisation.
    "Sources/IR/Tensor/Storage.swift",
    // Rows that threads write are disjoint.
    "Sources/Kernels/Parallel.swift",
    // A lock guards the runner.
    "Sources/Execution/Session.swift",
    // Semaphores hand each block from the thread that fills it to the one that writes it.
    "Sources/ONNXFile/Bytes/BlockPipe.swift",
  ]

  @Test("Unchecked promises about threads stand only where the reason is known")
  func uncheckedSendable() throws {
    for source in try sources("Sources") {
      let code = code(source.text)
      for word in ["@unchecked Sendable", "nonisolated(unsafe)"] where code.contains(word) {
        #expect(unchecked.contains(source.path), "\(source.path) has \(word)")
      }
    }
  }

  @Test("Layers import only what lies below them")
  func imports() throws {
    let allowed: [String: Set<String>] = [
      "IR": [], "Kernels": [], "ONNXFile": ["IR", "COnnx", "COnnxChecker"],
      "Operators": ["IR", "Kernels"], "Execution": ["IR", "Operators", "Kernels", "COneDNN"],
      "Samples": ["IR", "ONNXFile", "Operators", "Kernels", "Execution", "CZlib"],
      "Passes": ["IR", "Operators", "Execution", "Samples"],
      "Reports": ["IR", "Operators", "Execution"],
      "lapidary": ["Lapidary", "ArgumentParser"],
    ]
    let system: Set<String> = [
      "Foundation", "Glibc", "Darwin", "Synchronization", "Dispatch", "Musl",
    ]
    for (target, layers) in allowed.sorted(by: { $0.key < $1.key }) {
      for source in try sources("Sources/\(target)") {
        let names = source.text.matches(
          of:
            /(?m)^\s*(?:@_exported )?(?:(?:public|package|internal|private) )?import (?:struct |class |enum |func )?(\w+)/
        ).map { String($0.output.1) }
        for name in names where !system.contains(name) {
          #expect(layers.contains(name), "\(source.path) imports \(name)")
        }
      }
    }
  }
}
