internal import IR
package import Operators

/// What a runtime computes in 8-bit integers, as data; one file a runtime in this folder.
///
/// An operator says what it does to numbers (`QuantizationForm`); the table says which operators the
/// runtime has integer kernels for, and when. What is not in the table stays in float.
package struct QuantizationTarget: Sendable {
  /// How reports name the runtime.
  package let name: String
  /// The operators that it computes in integers.
  package let kernels: [String: IntegerKernel]
  /// Why others stay in float, where more can be said than that there is no kernel.
  package let reasons: [String: String]
  /// Whether operators that are not named are computed in integers too, where they have such a form.
  package var takesAll = false
  /// The integers that stand for activations.
  package var activations = ActivationGrid.unsignedBytes
  /// Those of 16 bits, where it takes such.
  package var wideActivations: ActivationGrid?
  /// The integers that stand for weights.
  package var weights = WeightGrid.bytes
  /// Whether weights of 4 bits can be stored as such: a Cast makes bytes of them, which the runtime does
  /// once, as it loads a model.
  package var widensWeights = false
  /// Whether biases are quantized; they stay in float otherwise.
  package var quantizesBias = true
  /// Operators that it computes in integers although nobody rounds their result.
  package var roundsNothing: Set<String> = []
  /// Of these the operators that the runtime joins with a clamp behind them, so that they are computed in
  /// float unless the clamp's result is rounded.
  package var joinsClamps: Set<String> = []
  /// Operators whose input is left in float although there is a kernel for integers.
  package var precise: Set<String> = []
  /// Operators whose weight has one scale.
  package var perTensor: Set<String> = []

  package init(
    name: String, kernels: [String: IntegerKernel], reasons: [String: String] = [:]
  ) {
    self.name = name
    self.kernels = kernels
    self.reasons = reasons
  }

  /// The same runtime where some of its rules are others.
  package func with(_ change: (inout QuantizationTarget) -> Void) -> QuantizationTarget {
    var target = self
    change(&target)
    return target
  }

  /// The integers for the weight of an operator of the given form.
  package func grid(_ form: LinearForm, _ weight: [Int]) -> WeightGrid {
    addsPairs(form, weight) ? weights : weights.withoutPairs
  }

  /// Whether an operator's input is left in float although there is a kernel for integers.
  package func needsPrecision(_ op: any Operator) -> Bool {
    precise.contains("\(type(of: op).schema.op)")
  }

  /// Whether an operator is computed in integers although nobody rounds its result.
  ///
  /// - Parameter isClamped: whether a clamp alone reads its result.
  package func leavesResult(_ op: any Operator, isClamped: Bool = false) -> Bool {
    let name = "\(type(of: op).schema.op)"
    return roundsNothing.contains(name) && !(isClamped && joinsClamps.contains(name))
  }

  /// Whether products are added up in pairs: not where each output channel sees one input channel.
  package func addsPairs(_ form: LinearForm, _ weight: [Int]) -> Bool {
    form.kind != .convolution || weight.count < 2 || weight[1] != 1 || weight[0] != form.groups
  }

  /// How the runtime runs a node of the operator on the given inputs.
  package func rule(_ op: any Operator, _ inputs: Inputs) -> QuantizationRule {
    let name = type(of: op).schema.op, form = op.quantization(inputs)
    if case .float(let reason) = form { return .float(reason: reason) }
    guard let kernel = kernels["\(name)"] ?? (takesAll ? .always : nil) else {
      return .float(
        reason: reasons["\(name)"] ?? "\(self.name) has no integer kernel for \(name.type)")
    }
    return kernel.rule(
      form, inputs, named: "\(name)", perTensor: perTensor.contains("\(name)"))
  }
}

/// When a runtime's integer kernel for an operator can be used.
package struct IntegerKernel: Sendable {
  /// What a kernel for an operator with a weight does not take.
  package enum Limit: Sendable {
    /// The weight as the left operand.
    case weightOnTheLeft
    /// An activation that the operator transposes.
    case transposedActivation
    /// A factor of the product, or of the bias.
    case alpha
    case beta
  }

  /// In the order in which they are looked at, with the reason for the report.
  package let limits: [(limit: Limit, reason: String)]
  /// Whether it is for the operator only where it moves elements.
  package let movesOnly: Bool

  /// A kernel for all forms of the operator but those under a limit.
  package static func unless(_ limits: KeyValuePairs<Limit, String>) -> IntegerKernel {
    IntegerKernel(limits: limits.map { ($0.key, $0.value) }, movesOnly: false)
  }

  /// A kernel for all forms of the operator.
  package static let always = unless([:])

  /// The usual kernel for Gemm: a plain product with the weight on the right, and a bias.
  package static let ofGemm = unless([
    .weightOnTheLeft: "its input is constant or not of type float",
    .transposedActivation: "transA is not 0", .alpha: "alpha is not 1", .beta: "beta is not 1",
  ])

  /// The usual kernel for MatMul, with the weight on the right.
  package static let ofMatMul = unless([
    .weightOnTheLeft: "the constant operand is the left one"
  ])

  /// A kernel for the operator where it moves elements, not where it computes new ones.
  package static let ofMovement = IntegerKernel(limits: [], movesOnly: true)

  fileprivate func rule(
    _ form: QuantizationForm, _ inputs: Inputs, named name: String, perTensor: Bool
  ) -> QuantizationRule {
    switch form {
    case .linear(let form): return weighted(form, inputs, perTensor: perTensor)
    case .product(let inputs): return .product(inputs: inputs)
    case .free(let inputs, let manner):
      guard movesOnly else { return .free(inputs: inputs) }
      let variant = manner.map { "\($0) \(name)" } ?? name
      return .float(reason: "no integer kernel for \(variant)")
    case .bounded(let inputs, let range): return .bounded(inputs: inputs, range: range)
    case .shared(let inputs): return .shared(inputs: inputs)
    case .clamp(let range): return .clamp(range)
    case .float(let reason): return .float(reason: reason)
    }
  }

  private func weighted(
    _ form: LinearForm, _ inputs: Inputs, perTensor: Bool
  ) -> QuantizationRule {
    for (limit, reason) in limits where limit.holds(form, inputs) { return .float(reason: reason) }
    guard let axis = form.weightOutput else { return .float(reason: "the weight is a vector") }
    // The channels of a stack of matrices are no channels of the whole.
    return .weighted(
      activation: form.activation, weight: form.weight, axis: axis,
      bias: form.bias.flatMap { inputs.has($0.slot) ? $0.slot : nil },
      perChannel: form.stackAxes == 0 && !perTensor)
  }
}

extension IntegerKernel.Limit {
  /// Whether a node is one that the kernel does not take.
  fileprivate func holds(_ form: LinearForm, _ inputs: Inputs) -> Bool {
    switch self {
    case .weightOnTheLeft: form.weight < form.activation
    case .transposedActivation: form.transposesActivation
    case .alpha: form.alpha != 1
    case .beta: form.bias.map { $0.factor != 1 && inputs.has($0.slot) } ?? false
    }
  }
}
