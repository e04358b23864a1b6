import IR
import Execution
import Passes
import Samples
import Testing

/// Scales and zero-points against numbers worked out by hand (quantization.md, "Parameters").
@Suite struct QuantizationParameterTests {
  private struct Case {
    let low: Float
    let high: Float
    let scale: Double
    let zeroPoint: Int
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

  @Test("Symmetric, 16-bit and widened ranges")
  func grids() {
    let symmetric = ActivationParameters(-1...3, .signedBytes)
    #expect(symmetric.scale == 3 / 127 && symmetric.zeroPoint == 0 && symmetric.type == .int8)
    let signed = ActivationParameters(-1...1, ActivationGrid(.int8))
    #expect(signed.zeroPoint == 0 && signed.scale == Float(2.0 / 255))
    let wide = ActivationParameters(0...1, ActivationGrid(.uint16))
    #expect(wide.scale == Float(1.0 / 65_535) && wide.zeroPoint == 0)
    let least = ActivationParameters(0...1e-9, ActivationGrid(.uint8, leastExtent: 1e-4))
    #expect(least.scale == Float(1e-4 / 255))
  }

  @Test("No two neighbours along the contraction add up to more than 128, whatever the weight")
  func pairs() {
    var generator = SplitMix64(seed: 3)
    for shape in [[4, 6, 3, 3], [5, 7, 1, 1], [3, 1, 5, 5]] {
      let count = shape.reduce(1, *)
      let weight = (0..<count).map { _ in generator.normal() }
      let own = QuantizedWeight(
        weight, shape, axis: 0, grid: .safePairs, contraction: [2, 3, 1])
      let rows = WeightRows(shape, axis: 0, contraction: [2, 3, 1])
      for start in rows.starts {
        for place in stride(from: 0, to: rows.offsets.count - 1, by: 2) {
          let a = Int(own.values[start + rows.offsets[place]])
          let b = Int(own.values[start + rows.offsets[place + 1]])
          #expect(abs(a + b) <= 128)
        }
      }
      // As fine as seven bits at least, and no finer than eight.
      let coarse = QuantizedWeight(weight, shape, axis: 0, grid: .sevenBits).scales
      let fine = QuantizedWeight(weight, shape, axis: 0).scales
      for channel in fine.indices {
        #expect(own.scales[channel] <= coarse[channel] * 1.02)
        #expect(own.scales[channel] >= fine[channel])
      }
    }
    // The order of the contraction: kernel positions first, and within one the channels.
    let rows = WeightRows([1, 2, 1, 3], axis: 0, contraction: [2, 3, 1])
    #expect(rows.offsets == [0, 3, 1, 4, 2, 5] && rows.starts == [0])
  }
}
