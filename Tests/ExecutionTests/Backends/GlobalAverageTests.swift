import Execution
import IR
import TestSupport
import Testing

@Suite("Averages of channels that lie next to each other")
struct GlobalAverageTests {
  @Test("Any number of channels", arguments: [3, 16, 37, 39, 64, 130])
  func channels(count: Int) throws {
    var sketch = Network()
    let x = sketch.input("x", rank: 4)
    let convolved = sketch.add("Conv", x, try sketch.weight([count, 3, 3, 3]))
    let model = sketch.model(sketch.add("GlobalAveragePool", convolved))
    #expect(try difference(model, ["x": try floats([2, 3, 21, 19])]) < 1e-6)
  }
}
