import Execution
import Foundation
import IR
import Kernels
import Synchronization
import TestSupport
import Testing

/// Sessions whose runs come from one thread after another.
@Suite struct ThreadTests {
  /// Convolutions that go through matrix products where there is no better code, which takes memory to
  /// arrange them in.
  private func model() -> Model {
    var net = Network()
    var x = net.input("x", [2, 5, 19, 17])
    x = net.node(
      "Conv", "dilated", [x, net.weight("w1", [12, 5, 3, 3], seed: 1)],
      [Attribute("dilations", .ints([2, 2])), Attribute("pads", .ints([2, 2, 2, 2]))])
    x = net.node(
      "Conv", "grouped", [net.node("Relu", "relu", [x]), net.weight("w2", [9, 4, 3, 3], seed: 2)],
      [Attribute("group", .int(3)), Attribute("strides", .ints([2, 2]))])
    x = net.node(
      "ConvTranspose", "up", [x, net.weight("w3", [9, 7, 3, 3], seed: 3)],
      [Attribute("strides", .ints([2, 2]))])
    net.output(x)
    return net.model()
  }

  @Test("A thread that did not make a session's plan gets the same results from it")
  func handedOver() throws {
    let model = model()
    let session = try Session(model, options: SessionOptions(backend: .accelerated))
    let shapes = try SampleShapes.first(for: model)
    let inputs = try SeededInputs.make(for: model.graph, shapes: shapes, seed: 4)
    let first = try #require(try session.run(inputs)["up_out"]?.floats)
    let found = Mutex<[[Float]]>([])
    for _ in 0..<4 {
      let done = DispatchSemaphore(value: 0)
      let thread = Thread {
        if let result = try? session.run(inputs)["up_out"]?.floats {
          found.withLock { $0.append(result) }
        }
        done.signal()
      }
      thread.stackSize = 8 << 20
      thread.start()
      done.wait()
    }
    #expect(found.withLock { $0 } == Array(repeating: first, count: 4))
  }

  @Test("What was adopted takes no longer to call the more often it is looked at")
  func adopted() {
    let held = Adopted<@Sendable (Int) -> Int>()
    #expect(held.value == nil)
    held.value = { $0 + 1 }
    var sum = 0
    let time = ContinuousClock().measure {
      for number in 0..<20_000 { sum += held.value?(number) ?? 0 }
    }
    #expect(sum == 200_010_000)
    #expect(time < .seconds(5))
    held.value = nil
    #expect(held.value == nil)
  }
}
