internal import IR
internal import Passes
internal import Samples

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

  /// Multiply-accumulates that all measurements together may take, and samples of each.
  private static let work = 5e11, samples = 8...64

  /// Measures the layers of a model, one by one, in floats.
  static func measure(
    _ maker: CandidateMaker, _ progress: (WorkProgress) -> Void
  ) throws(ModelError) -> [LayerBits] {
    guard let options = maker.recipe([:], .int4).quantization, let fit = maker.setting.fit else {
      return []
    }
    let quantizer = try Quantizer(maker.fused.model, options)
    let layers = quantizer.narrowLayers
    let macs = Double(max(1, try maker.trial.cost(of: maker.fused.model).0.macs))
    let limit = work / macs / Double(max(1, layers.count))
    let count = Int(min(max(limit, Double(samples.lowerBound)), Double(samples.upperBound)))
    let reference = try KeptOutputs(
      quantizer.model, on: SampleRun(fit, for: quantizer.model, limit: count),
      options: maker.setting.options)
    var found: [LayerBits] = []
    for (place, layer) in layers.enumerated() {
      progress(WorkProgress(done: place, of: layers.count))
      let noise = try reference.noise(of: quantizer.rounding(layer))
      found.append(
        LayerBits(
          output: layer.output, bytes: layer.elements / 2,
          error: noise.isFinite ? noise : Double(Float.greatestFiniteMagnitude)))
    }
    return found
  }
}
