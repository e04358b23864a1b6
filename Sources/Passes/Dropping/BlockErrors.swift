package import IR
package import Samples

/// What dropping single blocks costs the outputs.
package enum BlockErrors {
  /// Noise over signal of the outputs without each block alone, once what is around it has adapted.
  ///
  /// - Parameters:
  ///   - keep: patterns of nodes whose blocks stay.
  ///   - fit: samples to fit to; a part of them judges.
  /// - Returns: by the label of the sum that a block ends in; nothing where measuring would take minutes.
  /// - Throws: `ModelError` where the model cannot run on the samples.
  package static func measure(
    _ model: Model, keeping keep: [String], on fit: Dataset, _ setting: StageSetting
  ) throws(ModelError) -> [String: Double] {
    var options = DropOptions(target: .blocks(1))
    options.keep = keep
    let dropper = try BlockDropper(model, options, adapts: true)
    guard dropper.isQuick(samples: fit.count) else { return [:] }
    return try dropper.errors(setting, fit: fit)
  }
}
