import Execution
import IR
import TestSupport
import Testing

@Suite("Normalisations of channels that are put side by side")
struct NormalizedPartsTests {
  /// Two convolutions of an input, and the input itself where asked for, joined and normalised.
  private func model(
    channels: [Int], axis: Int = 1, clamps: Bool = true, withInput: Bool = false,
    readTwice: Bool = false
  ) throws -> Model {
    var sketch = Network()
    let x = sketch.input("x", rank: 4)
    var parts: [ValueID] = withInput ? [x] : []
    for count in channels {
      parts.append(sketch.add("Conv", x, try sketch.weight([count, 4, 1, 1])))
    }
    let width = channels.reduce(withInput ? 4 : 0, +)
    let joined = sketch.add(
      "Concat", optional: parts.map { $0 }, outputs: 1,
      attributes: [Attribute("axis", .int(axis))])[0]
    let variance = sketch.constant(
      Tensor(floats: (0..<width).map { 0.5 + Float($0 % 7) }, [width]))
    let normalized = sketch.add(
      "BatchNormalization", joined, try sketch.weight([width]), try sketch.weight([width]),
      try sketch.weight([width]), variance)
    let result = clamps ? sketch.add("Relu", normalized) : normalized
    let last = sketch.add("Conv", result, try sketch.weight([3, width, 1, 1]))
    return readTwice ? sketch.model(last, joined) : sketch.model(last)
  }

  private func inputs() throws -> [String: Tensor] { ["x": try floats([2, 4, 9, 11])] }

  @Test(
    "Parts of any width", arguments: [[16, 32], [5, 37], [48, 3, 64], [1, 16]], [true, false])
  func widths(channels: [Int], clamps: Bool) throws {
    #expect(try difference(model(channels: channels, clamps: clamps), inputs()) < 1e-6)
  }

  @Test("They run as one step where nobody else reads what is joined, and channels lie together")
  func oneStep() throws {
    let name = "Concat+BatchNormalization+Relu", isJoined = SessionOptions().arrangesChannels
    #expect(try steps(model(channels: [16, 32]), inputs()).contains(name) == isJoined)
    #expect(try steps(model(channels: [16, 32], axis: -3), inputs()).contains(name) == isJoined)
    #expect(!(try steps(model(channels: [16, 32], readTwice: true), inputs()).contains(name)))
  }

  @Test("Other axes and other layouts are left to the operators themselves")
  func others() throws {
    #expect(try difference(model(channels: [16, 32], axis: -3), inputs()) < 1e-6)
    #expect(try difference(model(channels: [16], withInput: true), inputs()) < 1e-6)
    #expect(try difference(model(channels: [16, 32], readTwice: true), inputs()) < 1e-6)
  }
}
