import Testing

/// What is stated once stays stated once.
@Suite("One place each") struct SingleStatementTests {
  /// Files outside of these folders in which the word is followed by an opening parenthesis.
  private func calls(_ name: Substring, outside folders: [String]) -> [Source] {
    SourceTree.sources.filter { source in
      !folders.contains { source.path.hasPrefix($0) }
        && source.words.indices.contains { index in
          source.words[index].text == name
            && index + 1 < source.words.count && source.words[index + 1].text == "("
        }
    }
  }

  @Test("How exporters spell operators stands in one catalogue, and one kind of pattern finds it")
  func spellings() {
    let matchers = SourceTree.sources.filter {
      $0.declaredTypes.contains("Pattern") && !$0.path.hasPrefix("Sources/Rewriting/")
    }
    let strays = calls("Spelling", outside: ["Sources/Rewriting/Spellings/"])
    Exception.require(
      .spellings,
      matchers.map { Finding(wall: .spellings, place: $0.path, what: "Pattern") }
        + strays.map { Finding(wall: .spellings, place: $0.path, what: "Spelling") })
  }

  @Test("Nodes are made by the reader and by one builder")
  func builders() {
    let homes = ["Sources/IR/", "Sources/ONNXFile/", "Sources/Operators/Emit/"]
    Exception.require(
      .builders,
      calls("Node", outside: homes).map {
        Finding(wall: .builders, place: $0.path, what: "Node")
      })
  }
}
