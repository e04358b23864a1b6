package import IR
private import Kernels

/// How the losses of a batch become one.
package enum LossReduction: String, CaseIterable, Sendable {
  case none, sum, mean
}

/// Scores [N, C, …] and targets [N, …] in, a loss out: the two losses of the standard.
package protocol LikelihoodLoss: Operator {
  var reduction: LossReduction { get }
  /// A target that counts for nothing.
  var ignored: Int? { get }
}

extension LikelihoodLoss {

  /// The type of the loss; checks that the shapes fit.
  package func inferLoss(_ inputs: Inputs) throws(ModelError) -> Inferred {
    try inputs.requireRank(0, 2...Int.max)
    try inputs.requireRank(2, 1...1)
    if let x = inputs.shape(0), let target = inputs.shape(1) {
      let wanted = [x[0]] + x.dimensions.dropFirst(2)
      let fits =
        target.rank == wanted.count
        && zip(target.dimensions, wanted).allSatisfy { a, b in
          guard let a = a.value, let b = b.value else { return true }
          return a == b
        }
      guard fits else {
        throw inputs.mismatch(1, expected: "shape \(Shape(wanted))", found: "\(target)")
      }
      if let classes = x[1].value, let weights = inputs.shape(2)?[0].value, weights != classes {
        throw inputs.mismatch(2, expected: "\(classes) elements", found: "\(weights)")
      }
    }
    let shape = reduction == .none ? inputs.shape(1) : Shape([Int]())
    return Inferred(inputs.elementType(0), shape)
  }

  /// Writes output 0 with the loss of logarithms of probabilities in the shape of input 0.
  package func writeLoss(_ context: Evaluation, scores: [Double]) throws(ModelError) {
    let x = try context.input(0), target = try context.input(1)
    try context.require(x.shape.count >= 2, 0, "a batch and a class axis")
    let wanted = [x.shape[0]] + x.shape.dropFirst(2)
    try context.require(target.shape == wanted, 1, "shape \(wanted)")
    let classes = x.shape[1]
    let targets = try context.requiredIntegers(1)
    let weights = try context.numbers(2)
    try context.require(weights.isEmpty || weights.count == classes, 2, "\(classes) elements")
    guard
      let (losses, weight) = negativeLogLikelihood(
        scores: scores, classes: classes, inner: x.shape.dropFirst(2).reduce(1, *),
        targets: targets, weights: weights, ignored: ignored)
    else {
      let wrong = targets.first { $0 != ignored && !(0..<classes).contains($0) } ?? 0
      throw context.mismatch(1, expected: "classes in [0, \(classes - 1)]", found: "\(wrong)")
    }
    switch reduction {
    case .none: try context.write(losses, x.elementType, target.shape)
    case .sum: try context.write([losses.reduce(0, +)], x.elementType, [])
    case .mean: try context.write([losses.reduce(0, +) / weight], x.elementType, [])
    }
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .barrier("the classes of a loss are numbered")
  }
}

extension LikelihoodLoss {
  /// The loss of logarithms of probabilities, the classes along axis 1, in other operators.
  package func spelledLoss(_ call: GradientCall, scores: Term) throws(ModelError) -> Term {
    var target = try call.input(1)
    var counts: Term?
    if let ignored {
      let flags = target.isEqual(target.number(Double(ignored))).negated
      target = flags.select(target).typed(as: target.type)
      counts = flags
    }
    let picked = scores.apply(
      GatherElements.self, [target.unsqueezed([1])], [Attribute("axis", .int(1))],
      as: TensorType(scores.type.elementType, nil)
    ).squeezed([1]).typed(as: TensorType(scores.type.elementType, target.type.shape))
    var share =
      call.optional(2)?.gathered(target).typed(as: picked.type)
      ?? picked.number(1).expanded(like: picked)
    if let counts { share = counts.select(share) }
    let losses = -(picked * share)
    let axes = Array(0..<(try call.shape(0).rank - 1))
    switch reduction {
    case .none: return losses
    case .sum: return losses.sum(axes, keepsAxes: false)
    case .mean: return losses.sum(axes, keepsAxes: false) / share.sum(axes, keepsAxes: false)
    }
  }
}
