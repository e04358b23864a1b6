import IR
import Passes
import Testing

/// Scales and zero-points against numbers worked out by hand (quantization.md, "Parameters").
@Suite struct QuantizationParameterTests {
  private struct Case {
    let low: Float
    let high: Float
    let scale: Double
    let zeroPoint: UInt8
  }

  private let cases = [
    // 127.5 goes to the even 128.
    Case(low: -1, high: 1, scale: 2.0 / 255, zeroPoint: 128),
    Case(low: 0, high: 255, scale: 1, zeroPoint: 0),
    Case(low: -255, high: 0, scale: 1, zeroPoint: 255),
    // Ranges on one side of 0 are widened.
    Case(low: 2, high: 5, scale: 5.0 / 255, zeroPoint: 0),
    Case(low: -4, high: -2, scale: 4.0 / 255, zeroPoint: 255),
    // 63.75.
    Case(low: -1, high: 3, scale: 4.0 / 255, zeroPoint: 64),
    // 0.5 and 1.5 go to the even 0 and 2.
    Case(low: -0.5, high: 254.5, scale: 1, zeroPoint: 0),
    Case(low: -1.5, high: 253.5, scale: 1, zeroPoint: 2),
  ]

  @Test("Ranges are widened to hold 0; the zero-point is rounded half to even")
  func activations() {
    for item in cases {
      let own = ActivationParameters(item.low...item.high)
      #expect(own.scale == Float(item.scale), "\(item)")
      #expect(own.zeroPoint == item.zeroPoint, "\(item)")
    }
  }

  @Test("A range without extent tells values in [0, 1] apart, and 0 stays 0")
  func zeroRange() {
    let own = ActivationParameters(0...0)
    #expect(own.scale == 1 / 255 && own.zeroPoint == 0)
    #expect(own.quantize([0, 0.013]) == [0, 3])
  }

  @Test("Ranges at the ends of Float give usable numbers")
  func extremes() {
    let tiny = ActivationParameters(0...Float.leastNonzeroMagnitude)
    #expect(tiny.scale > 0 && tiny.scale.isFinite)
    let huge = ActivationParameters(
      -Float.greatestFiniteMagnitude...Float.greatestFiniteMagnitude)
    #expect(huge.scale.isFinite && huge.zeroPoint == 128)
  }

  @Test("Values are divided, rounded half to even, shifted and saturated; NaN becomes 0")
  func values() {
    let own = ActivationParameters(-128...127)
    #expect(own.scale == 1 && own.zeroPoint == 128)
    #expect(
      own.quantize([0.5, 1.5, -0.5, 126.6, 300, -300, .infinity, -.infinity, .nan])
        == [128, 130, 128, 255, 255, 0, 255, 0, 0])
  }

  @Test("Weights are symmetric per channel; a dead channel takes the layer's scale")
  func weights() {
    let weight = QuantizedWeight([1, -2, 0, 0, 254, 0.9], [3, 2], axis: 0)
    let small: Float = 2 / 127
    #expect(weight.scales == [small, 2, 2])
    #expect(weight.values == [64, -127, 0, 0, 127, 0])
    let whole = QuantizedWeight([1, -2, 0, 0, 254, 0.9], [3, 2], axis: nil)
    #expect(whole.scales == [2])
    #expect(whole.values == [0, -1, 0, 0, 127, 0])
    let columns = QuantizedWeight([1, -2, 0, 0, 254, 0.9], [3, 2], axis: 1)
    #expect(columns.scales == [2, small])
    #expect(columns.values == [0, -127, 0, 0, 127, 57])
    #expect(QuantizedWeight([0, 0], [2], axis: 0).scales.allSatisfy { $0 > 0 })
  }

  @Test("A scale is as large as its bias needs")
  func leastScale() {
    let weight = QuantizedWeight([127, 127], [2, 1], axis: 0, leastScale: [0.5, 4])
    #expect(weight.scales == [1, 4])
    #expect(weight.values == [127, 32])  // 31.75
  }

  @Test("Nothing but finite numbers comes of weights that are not")
  func infiniteWeights() {
    let weight = QuantizedWeight([.nan, .infinity, 127, 1], [2, 2], axis: 0)
    #expect(weight.scales == [1, 1])
    #expect(weight.values == [0, 127, 127, 1])
  }
}
