import IR
import Testing

@Suite struct GlobTests {
  @Test(arguments: [
    ("conv1", "conv1", true), ("conv1", "conv10", false), ("conv*", "conv10", true),
    ("*.weight", "layer1.0.weight", true), ("*.weight", "layer1.0.weights", false),
    ("l?yer*", "layer4", true), ("a*b*c", "aXbYbZc", true), ("a*b*c", "aXbYbZ", false),
    ("*", "", true), ("?", "", false), ("**", "anything", true),
  ])
  func matching(pattern: String, name: String, matches: Bool) {
    #expect(Glob(pattern).matches(name) == matches)
  }
}
