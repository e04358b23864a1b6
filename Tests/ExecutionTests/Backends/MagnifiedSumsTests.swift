import Execution
import Foundation
import IR
import TestSupport
import Testing

@Suite("Sums of which a logarithm is taken")
struct MagnifiedSumsTests {
  /// A wave that dwarfs the noise on it, and filters that let nothing of it through: what is left is
  /// mostly the rounding of their sums.
  private func spectrum(
    seed: UInt64, _ logarithm: (inout Network, ValueID) -> ValueID
  ) throws -> (Model, [String: Tensor]) {
    let taps = 256, filters = 12
    var weights: [Float] = [], signal: [Float] = []
    for filter in 0..<filters {
      for tap in 0..<taps {
        weights.append(Float(cos(2 * Double.pi * Double(filter + 2) * Double(tap) / Double(taps))))
      }
    }
    let noise = try #require(try floats([2048], seed: seed).floats)
    for i in 0..<2048 {
      signal.append(Float(cos(2 * Double.pi * Double(i) / Double(taps))) + 1e-5 * noise[i])
    }
    var sketch = Network()
    let x = sketch.input("x", rank: 3)
    let weight = sketch.constant(Tensor(floats: weights, [filters, 1, taps]))
    let part = sketch.add(
      "Neg", sketch.add("Conv", x, weight, attributes: [Attribute("strides", .ints([64]))]))
    let square = sketch.add("Mul", part, part)
    let moved = sketch.add("Reshape", square, sketch.constant(Tensor(int64: [1, -1], [2])))
    let power = sketch.add("Max", moved, sketch.number(1e-30))
    return (
      sketch.model(logarithm(&sketch, power)),
      ["x": Tensor(floats: signal, [1, 1, 2048])]
    )
  }

  @Test("Both backends add up a spectrum alike, so that its logarithm agrees", arguments: 0..<6)
  func spectra(seed: UInt64) throws {
    let (model, inputs) = try spectrum(seed: seed) { sketch, power in sketch.add("Log", power) }
    #expect(try difference(model, inputs) < 1e-6)
  }

  @Test("Where no logarithm is taken, what follows a convolution stays part of it")
  func others() throws {
    let (logarithm, inputs) = try spectrum(seed: 1) { $0.add("Log", $1) }
    let (root, _) = try spectrum(seed: 1) { $0.add("Sqrt", $1) }
    #expect(try steps(logarithm, inputs).contains("Conv"))
    #expect(!(try steps(root, inputs).contains("Conv")))
  }
}
