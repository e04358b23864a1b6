import IR
import Operators
import Testing

/// Rules of the source tree that the compiler does not check.
@Suite struct ArchitectureTests {
  @Test("Every file of Operators/Ops holds one operator, and it is registered")
  func operatorFiles() {
    let known = Set(Registry.names)
    var found: Set<OperatorName> = []
    for source in SourceTree.sources where source.path.hasPrefix("Sources/Operators/Ops/") {
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

  @Test("Nothing in the sources stops the process, and no test looks behind access control")
  func noTraps() {
    for source in SourceTree.sources {
      let code = source.code
      for word in ["fatalError(", "try!", "as!", "preconditionFailure("] {
        #expect(!code.contains(word), "\(source.path) has \(word)")
      }
    }
    for source in SourceTree.sources + SourceTree.tests {
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
    // Set before signals are handled, and only read then.
    "Sources/lapidary/Terminal/Interruption.swift",
    // Only the timer's queue and a lock touch it.
    "Sources/lapidary/Terminal/Progress.swift",
  ]

  @Test("Unchecked promises about threads stand only where the reason is known")
  func uncheckedSendable() {
    for source in SourceTree.sources {
      let code = source.code
      for word in ["@unchecked Sendable", "nonisolated(unsafe)"] where code.contains(word) {
        #expect(unchecked.contains(source.path), "\(source.path) has \(word)")
      }
    }
  }
}
