import Testing

/// The walls between the rooms: `docs/design/architecture.md` draws them.
@Suite("Walls") struct WallTests {
  @Test("The source tree is there")
  func tree() {
    #expect(SourceTree.sources.count > 400)
    #expect(SourceTree.tests.count > 100)
  }

  /// What each module may import of the project's own and of others' modules.
  private let allowed: [String: Set<String>] = [
    "Platform": [],
    "IR": [],
    "Kernels": [],
    "ONNXFile": ["IR", "COnnx", "COnnxChecker"],
    "Pictures": ["IR", "CPNG", "CTurboJPEG"],
    "Operators": ["IR", "Kernels", "Pictures"],
    "Rewriting": ["IR", "Operators", "Kernels"],
    "Execution": ["IR", "Operators", "Kernels", "Rewriting"],
    "OneDNN": ["IR", "Operators", "Kernels", "Rewriting", "Execution", "COneDNN"],
    "Samples": [
      "IR", "ONNXFile", "Operators", "Kernels", "Execution", "Pictures", "CZlib",
      "Platform",
    ],
    "Gradients": ["IR", "Kernels", "Operators", "Execution", "Samples", "Platform"],
    "Passes": [
      "IR", "Kernels", "Operators", "Rewriting", "Execution", "Samples", "Gradients", "Platform",
    ],
    "Reports": ["IR", "Operators", "Execution"],
    "Lapidary": [
      "IR", "ONNXFile", "Operators", "Execution", "OneDNN", "Samples", "Gradients", "Passes",
      "Reports", "CZlib", "Platform",
    ],
    "lapidary": ["Lapidary", "Platform", "ArgumentParser"],
  ]

  private let system: Set<String> = [
    "Glibc", "Darwin", "Synchronization", "Dispatch", "Musl",
  ]

  @Test("Modules import only what lies below them")
  func imports() {
    var found: [String: Set<String>] = [:]
    for source in SourceTree.sources {
      guard let layers = allowed[source.target] else {
        Issue.record("\(source.path): no wall is drawn around \(source.target)")
        continue
      }
      for name in source.imports where !system.contains(name) && !layers.contains(name) {
        found[source.target, default: []].insert(name)
      }
    }
    Exception.require(
      .imports,
      found.sorted { $0.key < $1.key }.flatMap { target, names in
        names.sorted().map { Finding(wall: .imports, place: target, what: $0) }
      })
  }

  @Test("Only the file layer sees protobuf, only a backend sees oneDNN")
  func libraries() {
    let owners = ["COnnx": "ONNXFile", "COnnxChecker": "ONNXFile", "ArgumentParser": "lapidary"]
    for source in SourceTree.sources {
      for name in source.imports {
        guard let owner = owners[name] else { continue }
        #expect(source.target == owner, "\(source.path) imports \(name)")
      }
    }
    let backends = Set(
      SourceTree.sources.filter { $0.imports.contains("COneDNN") }.map(\.target))
    #expect(backends.count == 1, "oneDNN is seen by \(backends.sorted())")
  }

  @Test("Nobody takes in Foundation, which would make up a tenth of a wheel and more")
  func foundation() {
    for source in SourceTree.sources {
      for name in source.imports where name.hasPrefix("Foundation") {
        Issue.record("\(source.path): expected Platform, found \(name)")
      }
    }
  }
}
