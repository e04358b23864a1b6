private import Glibc
private import Kernels

/// Where a run of tuning stands: all that the steps to come depend on.
public struct TuningState: Sendable {
  /// Steps done.
  public internal(set) var step = 0
  /// Steps in all.
  public internal(set) var steps = 0
  /// What the largest rate is multiplied by; it halves whenever a step gives no numbers.
  var factor = 1.0
  /// The weights, their moments and the best weights so far, each as one list a weight.
  var weights: [[Float]]
  var moments: [[Float]]
  var squares: [[Float]]
  var best: [[Float]]
  /// The loss on held-out samples before the first step, and the best since.
  var before = Double.infinity
  var bestLoss = Double.infinity
  var bestStep = 0

  init(_ weights: [[Float]]) {
    self.weights = weights
    moments = weights.map { [Float](repeating: 0, count: $0.count) }
    squares = moments
    best = weights
  }

  /// The rate of a step: up a line to the largest, then down a cosine to zero.
  func rate(_ options: TuningOptions) -> Double {
    let rise = max(1, Int((options.warmUp * Double(steps)).rounded(.up)))
    guard step >= rise else { return factor * options.rate * Double(step + 1) / Double(rise) }
    let share = Double(step - rise) / Double(max(1, steps - rise))
    return factor * options.rate * 0.5 * (1 + cos(.pi * share))
  }

  /// Moves the weights against their gradients; what was zero in a sparse weight stays so.
  mutating func move(
    _ gradients: [[Float]], _ options: TuningOptions, _ parameters: [Parameter]
  ) {
    let rate = Float(rate(options))
    let adam = AdamStep(rate: rate, step: step + 1, decay: Float(options.decay))
    for index in weights.indices {
      let rule = parameters[index].rule
      let old = rule == nil ? [] : weights[index]
      switch options.optimizer {
      case .adam:
        adam.run(
          &weights[index], gradients[index], moments: &moments[index], squares: &squares[index])
      case .sgd:
        momentumStep(
          &weights[index], gradients[index], velocity: &moments[index], rate: rate, momentum: 0.9,
          decay: Float(options.decay))
      }
      if let rule {
        for place in old.indices {
          weights[index][place] = rule.bounded(weights[index][place], from: old[place])
        }
      }
      for place in parameters[index].zeros { weights[index][place] = 0 }
    }
    step += 1
  }

  /// Takes in the loss on held-out samples.
  mutating func judge(_ loss: Double) {
    guard loss < bestLoss else { return }
    bestLoss = loss
    bestStep = step
    best = weights
  }
}
