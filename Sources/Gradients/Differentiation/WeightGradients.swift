package import Execution
package import IR
internal import Operators

/// The gradients of a model's weights on samples, for measures of what a weight is worth.
///
/// The loss is the likelihood of labels: given ones, or some drawn from the model's own outputs, whose
/// squared gradients are those of Fisher's information. What is no classifier is taken for the mean of
/// normal distributions.
package final class WeightGradients {
  /// The weights, with the graph's outputs that hold their gradients.
  package let weights: [(value: ValueID, gradient: String)]
  private let plain: Session
  private let whole: Session
  private let outputs: [String]
  private var generator: Draws

  package init(
    _ model: Model, options: SessionOptions, seed: UInt64
  ) throws(ModelError) {
    let found = try GradientGraph(of: model, isPortable: false)
    guard !found.names.isEmpty else {
      throw ModelError(
        .unsupported, "gradients: expected weights with a derivative, found none",
        hint: found.obstacles.first)
    }
    weights = found.names.compactMap { name in
      model.graph.value(named: name).map { ($0, "\(name)_gradient") }
    }
    outputs = model.graph.outputs.map { model.graph[$0.value].name }.filter { name in
      found.model.graph.value(named: "\(name)_cotangent") != nil
    }
    plain = try Session(model, options: options)
    whole = try Session(found.model, options: options)
    generator = Draws(state: seed)
  }

  /// Runs samples and shows the gradient of each weight.
  ///
  /// - Parameter labels: one a sample; nil where they are to be drawn.
  package func run(
    _ inputs: [String: Tensor], labels: [Int]?, _ body: (ValueID, Tensor) throws(ModelError) -> Void
  ) throws(ModelError) {
    let results = try plain.run(inputs, outputs: outputs)
    var given = inputs
    for (place, name) in outputs.enumerated() {
      guard let tensor = results[name] else { continue }
      given["\(name)_cotangent"] = try cotangent(tensor, labels: place == 0 ? labels : nil)
    }
    let gradients = try whole.run(given, outputs: weights.map(\.gradient))
    for weight in weights {
      if let tensor = gradients[weight.gradient] { try body(weight.value, tensor) }
    }
  }

  /// The derivative of the negative logarithm of the likelihood by an output.
  private func cotangent(_ output: Tensor, labels: [Int]?) throws(ModelError) -> Tensor {
    guard let values = output.floats else { return output }
    guard output.dimensions.count == 2, let classes = output.dimensions.last, classes > 1 else {
      return Tensor(floats: values.map { _ in Float(generator.normal()) }, output.dimensions)
    }
    var result = [Float](repeating: 0, count: values.count)
    for row in 0..<values.count / classes {
      let scores = values[row * classes..<(row + 1) * classes].map { Double($0) }
      let isDistribution =
        scores.allSatisfy { $0 >= 0 } && abs(scores.reduce(0, +) - 1) < 1e-3
      let top = scores.max() ?? 0
      let weights = isDistribution ? scores : scores.map { exponential($0 - top) }
      let total = weights.reduce(0, +)
      let label = labels?[safe: row] ?? generator.choice(weights, total)
      guard label >= 0, label < classes else {
        throw ModelError(
          .request, "labels: expected a class from 0 to \(classes - 1), found \(label)")
      }
      for place in 0..<classes {
        let hit = place == label ? 1.0 : 0.0
        result[row * classes + place] = Float(
          isDistribution ? -hit / max(scores[place], 1e-6) : weights[place] / total - hit)
      }
    }
    return Tensor(floats: result, output.dimensions)
  }
}
