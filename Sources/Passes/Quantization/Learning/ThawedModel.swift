internal import Gradients
private import Glibc
internal import IR
internal import Operators

/// A model in QDQ form with its integers as numbers that learn.
///
/// Latent numbers stand for integers, in units of the largest that the weight's bits hold, so that one
/// step means the same to wide and narrow channels; they are clamped, rounded and dequantized as in the
/// finished model. A scale is what it was times the exponential of a parameter: it stays positive, and a
/// step changes it by a factor.
struct ThawedModel {
  /// A set of scales that learn as one.
  struct ScaleClass: Sendable {
    let scales: [ValueID]
    /// Holds the logarithm of what they are multiplied by.
    let parameter: ValueID
  }

  private(set) var model: Model
  let survey: QuantizerSurvey
  /// For each weight, the parameter that holds its latent numbers.
  private(set) var latents: [ValueID] = []
  private(set) var classes: [ScaleClass] = []
  /// For each bias, the parameter that holds it.
  private(set) var biases: [ValueID] = []
  private(set) var rules: [ValueID: Trainee.Rule] = [:]
  private let builder: GraphBuilder
  /// The exponential for each scale that learns.
  private var factors: [ValueID: Term] = [:]
  private var inputs: [(node: NodeID, slot: Int, value: ValueID)] = []

  /// How far a scale may go from where it was, as a logarithm, and how far in one step.
  private static let span: Float = 3, reach: Float = 0.1
  /// Integers up to this are as often zero by rounding as by intent, so that zeros need not stay.
  private static let coarse = 63

  init(_ given: Model, _ survey: QuantizerSurvey) throws(ModelError) {
    model = given
    self.survey = survey
    builder = GraphBuilder(
      given.graph, opset: given.opset() ?? 0, isPortable: true, stem: "thawed")
    for scales in survey.classes { learn(scales) }
    for weight in survey.weights { thaw(weight) }
    for bias in survey.biases { thaw(bias) }
    var graph = builder.graph
    for edit in inputs { graph.setInput(edit.node, slot: edit.slot, to: edit.value) }
    for (bias, value) in zip(survey.biases, biases) {
      if let result = graph[bias.node].outputs.first ?? nil {
        graph.replaceInputs(of: result, with: value)
      }
      graph.remove(bias.node)
    }
    try graph.sortTopologically()
    graph.dropUnusedValues()
    model.graph = graph
  }

  /// All that learns but weights that are floats anyway.
  var parameters: [ValueID] { latents + classes.map(\.parameter) + biases }

  private func term(_ value: ValueID, _ tensor: Tensor) -> Term {
    Term(builder, value, tensor.type)
  }

  private mutating func learn(_ scales: [ValueID]) {
    guard let first = survey.graph.constant(scales[0]) else { return }
    let name = survey.graph[scales[0]].name
    let parameter = builder.constant(
      "\(name)_log", Tensor(floats: [Float](repeating: 0, count: first.count), first.dimensions))
    classes.append(ScaleClass(scales: scales, parameter: parameter.id))
    let ceiling = scales.compactMap { survey.ceilings[$0] }.min() ?? .infinity
    // A little below, since the exponential rounds.
    let most = max(0, min(Self.span, Float(log(ceiling)) - 1e-6))
    rules[parameter.id] = Trainee.Rule(
      range: -Self.span...most, reach: Self.reach, keepsZeros: false)
    let factor = parameter.exp
    for scale in scales {
      guard let tensor = survey.graph.constant(scale) else { continue }
      factors[scale] = factor
      let product = term(scale, tensor) * factor
      for node in survey.users[scale] ?? [] { inputs.append((node, 1, product.id)) }
    }
  }

  private mutating func thaw(_ weight: StoredIntegers) {
    let name = survey.graph[weight.data].name
    let latent = builder.constant("\(name)_latent", Tensor(floats: weight.latent, weight.shape))
    latents.append(latent.id)
    rules[latent.id] = Trainee.Rule(keepsZeros: weight.bounds.upperBound > Self.coarse)
    var steps: Term
    if let factor = factors[weight.scale] {
      let ones = weight.axis.map { [Int](repeating: 1, count: weight.shape.count - $0 - 1) } ?? []
      let aligned = weight.axis.map { factor.reshaped([weight.shape[$0]] + ones) } ?? factor
      steps = latent * (Double(weight.reach) / aligned)
    } else {
      steps = latent * Double(weight.reach)
    }
    let zero = weight.zeroPoints[0]
    if weight.zeroPoints.allSatisfy({ $0 == zero }) {
      steps = steps.clamped(
        Double(weight.bounds.lowerBound - zero), Double(weight.bounds.upperBound - zero))
    }
    let given = weight.zeroPoint.flatMap { value in
      survey.graph.constant(value).map { term(value, $0) }
    }
    let shape = survey.graph.constant(weight.scale)?.dimensions ?? []
    let zeroPoint =
      given ?? builder.constant("\(name)_zero", weight.tensor(weight.zeroPoints, shape))
    let rounded = steps.typed(as: TensorType(.float, weight.shape)).roundedToIntegers(
      zeroPoint: zeroPoint, axis: weight.axis)
    inputs.append((weight.node, 0, rounded.id))
  }

  private mutating func thaw(_ bias: QuantizerSurvey.Bias) {
    let numbers = survey.numbers(bias)
    let shape = survey.graph[bias.data].initializer?.dimensions ?? [numbers.count]
    biases.append(
      builder.constant(
        "\(survey.graph[bias.data].name)_latent", Tensor(floats: numbers, shape)
      ).id)
    rules[biases[biases.count - 1]] = Trainee.Rule(keepsZeros: false)
  }
}
