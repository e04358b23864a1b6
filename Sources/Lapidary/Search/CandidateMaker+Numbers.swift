internal import IR
internal import Passes
internal import Samples

extension CandidateMaker {
  /// Multiply-accumulates times samples beyond which weights are not rounded to 4 bits: they are rounded
  /// together, which takes minutes there.
  private static let mostRounded = 1e11

  /// Multiply-accumulates times samples beyond which models in floats of 16 bits are not made to compare them:
  /// they are run by widening numbers and narrowing them again, which takes minutes there.
  private static let mostHalved = 1e10

  /// Whether models in floats of 16 bits are soon made and measured.
  var runsHalf: Bool {
    get throws(ModelError) { try work <= Self.mostHalved }
  }

  /// Multiply-accumulates of all samples to fit to.
  private var work: Double {
    get throws(ModelError) {
      Double(try trial.cost(of: fused.model).0.macs) * Double(setting.fit?.count ?? 0)
    }
  }

  /// What models may compute with, the usual first: what takes more bytes or time is for those whose loss by
  /// less is too much. Floats of 16 bits take half the bytes, and seldom less time than those of 32.
  ///
  /// - Parameter few: whether 4 bits come into question.
  func numbers(few: Bool) throws(ModelError) -> [Numbers] {
    guard let quantization = recipe.quantization else { return [.float] }
    let work = try work
    let takesFew = few && quantization.takesPackedWeights && work <= Self.mostRounded
    let wider: [Numbers] = quantization.offersWideActivations ? [.int16] : []
    return [.int8] + (takesFew ? [.int4] : []) + wider + (isTimed ? [] : [.float16]) + [.float]
  }

  /// Whether models are tuned, as far as that can be known before one is cut.
  var tunes: Bool {
    recipe.tuning != nil
      && (recipe.tunesAlways
        || calibration.count >= TuneStage.fewest && calibration.part != .random)
  }

  /// Whether models of which nothing is cut learn too: weights of 4 bits do, through their quantizers.
  func tunesUncut(_ numbers: Numbers) -> Bool {
    tunes && (numbers.haveFewBits || recipe.tuning?.isQuantized == true && numbers.areIntegers)
  }
}
