import IR
import Lapidary
import Reports
import TestSupport
import Testing

/// Layers that one model has in two parts with few channels between them.
@Suite("Divided layers") struct DividedLayerTests {
  private let left: [Float] = (0..<2 * 36).map { Float(($0 * 29) % 31 - 15) / 15 }
  private let right: [Float] = (0..<8 * 2).map { Float(($0 * 17) % 19 - 9) / 9 }

  private func model(isDivided: Bool, change: Float = 0) -> Model {
    var net = Network()
    let x = net.input("x", [1, 4, 6, 6])
    var whole: [Float] = []
    for row in 0..<8 {
      let (p, q) = (right[row * 2], right[row * 2 + 1])
      for column in 0..<36 { whole.append(p * left[column] + q * left[36 + column]) }
    }
    var y: ValueID
    if isDivided {
      let first = net.constant("w", Tensor(floats: left, [2, 4, 3, 3]))
      let hidden = net.node("Conv", "layer", [x, first])
      let second = net.constant("v", Tensor(floats: right.map { $0 + change }, [8, 2, 1, 1]))
      y = net.node("Conv", "layer/factor", [hidden, second])
    } else {
      y = net.node("Conv", "layer", [x, net.constant("w", Tensor(floats: whole, [8, 4, 3, 3]))])
    }
    y = net.node("Relu", "relu", [y])
    net.output(y, [1, 8, 4, 4])
    return net.model()
  }

  @Test("two parts are one line with the rank, and what was lost is measured")
  func divided() throws {
    let report = try ModelDiff().compare(model(isDivided: false), model(isDivided: true))
    #expect(report.layerSummaries.map(\.name) == ["Conv 'layer'"])
    #expect(report.text().contains("divided into two of rank 2"))
    #expect(report.headline.contains("1 layers: 1 divided"))
    #expect(!report.failing.contains { $0.kind == .inserted })
    let other = try ModelDiff().compare(
      model(isDivided: false), model(isDivided: true, change: 0.1))
    let layer = try #require(other.layerSummaries.first)
    #expect((5...40).contains(layer.sqnr), "\(layer.sqnr)")
    let back = try ModelDiff().compare(model(isDivided: true), model(isDivided: false))
    #expect(back.text().contains("no longer in two parts of rank 2"))
  }

  @Test("what both models have in two parts stays in two")
  func both() throws {
    let report = try ModelDiff().compare(
      model(isDivided: true), model(isDivided: true, change: 0.1))
    #expect(report.failing.map(\.kind) == [.weight])
  }
}
