import Testing

/// Everything is small enough to be read.
@Suite("Sizes") struct SizeTests {
  private let files = SourceTree.sources + SourceTree.tests

  @Test("No folder has more than 20 source files")
  func folders() {
    let folders = Dictionary(grouping: files) { source in
      source.path.split(separator: "/").dropLast().joined(separator: "/")
    }
    Exception.require(
      .folderSize,
      folders.filter { $0.value.count > 20 }.sorted { $0.key < $1.key }.map {
        Finding(wall: .folderSize, place: $0.key, what: "files", size: $0.value.count)
      })
  }

  @Test("No file has more than 400 lines")
  func lengths() {
    Exception.require(
      .fileLength,
      files.filter { $0.lineCount > 400 }.map {
        Finding(wall: .fileLength, place: $0.path, what: "lines", size: $0.lineCount)
      })
  }

  @Test("No function has more than 60 lines, and no type more than 30 members in a file")
  func declarations() {
    var long: [Finding] = []
    var wide: [Finding] = []
    var count = 0
    for source in SourceTree.sources {
      let declarations = Declarations(source.words)
      count += declarations.functions.count
      long += declarations.functions.filter { $0.lines > 60 }.map {
        Finding(wall: .functionLength, place: source.path, what: $0.name, size: $0.lines)
      }
      wide += declarations.members.filter { $0.value > 30 }.sorted { $0.key < $1.key }.map {
        Finding(wall: .memberCount, place: source.path, what: $0.key, size: $0.value)
      }
    }
    #expect(count > 2000, "functions are found")
    Exception.require(.functionLength, long)
    Exception.require(.memberCount, wide)
  }

  @Test("Functions and members are counted as they stand")
  func counting() {
    let found = Declarations(
      Word.all(
        SourceText.code(
          #"""
          struct Box<T> where T: Sendable {
            let a = [1, 2].map { (x: Int) in x }, b: Int  // let c {
            var text: String { "\(a.map { "{\($0)" })" }
            init(_ f: (Int) -> Void = { _ in }) {
              self.init()
            }
            func two() async throws(ModelError) -> Int {
              let inner = 1
              return inner
            }
          }
          extension Box { subscript(i: Int) -> Int { i } }
          protocol Shut { func no() -> Int; var also: Int { get } }
          """#)))
    #expect(found.members == ["Box": 5, "Shut": 2])
    #expect(found.functions.map(\.name) == ["init", "two"])
    #expect(found.functions.map(\.lines) == [3, 4])
  }
}
