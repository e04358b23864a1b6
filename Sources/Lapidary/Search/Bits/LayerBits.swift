internal import IR
internal import Passes
internal import Samples

#if canImport(Glibc)
  private import Glibc
#else
  private import Darwin
#endif

/// What it costs the outputs to store one layer's weight in 4 bits.
public struct LayerBits: Codable, Hashable, Sendable {
  /// The name of the layer's first output.
  public var output: String
  /// Bytes that 4 bits spare against 8.
  public var bytes: Int
  /// Noise over signal of the outputs with that weight alone rounded.
  public var error: Double

  /// The error that each spared byte costs.
  var price: Double { error / Double(max(1, bytes)) }

  private static let samples = 64

  /// Measures the layers of a model, one by one, in floats.
  static func measure(
    _ maker: CandidateMaker, _ progress: (WorkProgress) -> Void
  ) throws(ModelError) -> [LayerBits] {
    guard let options = maker.recipe([:], .int4).quantization, let fit = maker.setting.fit else {
      return []
    }
    let quantizer = try Quantizer(maker.fused.model, options)
    let layers = quantizer.narrowLayers
    var found: [LayerBits] = []
    for (place, layer) in layers.enumerated() {
      progress(WorkProgress(done: place, of: layers.count))
      let comparison = try ModelComparison(
        quantizer.model, quantizer.rounding(layer), on: fit, options: maker.setting.options,
        limit: samples)
      let noise = pow(10, -comparison.sqnr / 10)
      found.append(
        LayerBits(
          output: layer.output, bytes: layer.elements / 2,
          error: noise.isFinite ? noise : Double(Float.greatestFiniteMagnitude)))
    }
    return found
  }
}
