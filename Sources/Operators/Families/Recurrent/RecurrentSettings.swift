package import IR
package import Kernels

/// The attributes that RNN, GRU and LSTM share.
package struct RecurrentSettings: Sendable {
  /// Whether each direction reads the sequence from its end.
  package let directions: [Bool]
  /// The functions of each direction.
  package let functions: [[UnaryFunction]]
  package let hiddenSize: Int?
  /// The limit of what goes into functions; infinite when there is none.
  package let limit: Double
  /// Whether the batch is the first axis of inputs and outputs.
  package let batchFirst: Bool

  private enum Direction: String, CaseIterable { case forward, reverse, bidirectional }

  /// - Parameter defaults: the functions of one direction.
  package init(
    _ node: NodeView, opset: Int, defaults: [UnaryFunction]
  ) throws(ModelError) {
    switch try node.choice("direction", default: Direction.forward) {
    case .forward: directions = [false]
    case .reverse: directions = [true]
    case .bidirectional: directions = [false, true]
    }
    hiddenSize = node.has("hidden_size") ? try node.int("hidden_size") : nil
    if let hiddenSize, hiddenSize < 1 {
      throw node.mismatch("hidden_size", expected: "1 or more", found: "\(hiddenSize)")
    }
    let clip = node.has("clip") ? try node.float("clip") : .infinity
    guard clip >= 0 else { throw node.mismatch("clip", expected: "0 or more", found: "\(clip)") }
    limit = clip == 0 ? .infinity : Double(clip)
    let layout = opset >= 14 ? try node.int("layout", default: 0) : 0
    guard layout == 0 || layout == 1 else {
      throw node.mismatch("layout", expected: "0 or 1", found: "\(layout)")
    }
    batchFirst = layout == 1
    functions = try Self.functions(node, defaults, directions.count)
  }

  /// Parameters are taken from the lists in the order of the functions that have them.
  private static func functions(
    _ node: NodeView, _ defaults: [UnaryFunction], _ directions: Int
  ) throws(ModelError) -> [[UnaryFunction]] {
    guard let names = try node.strings("activations"), !names.isEmpty else {
      return [[UnaryFunction]](repeating: defaults, count: directions)
    }
    // The default of RNN names two functions even where one direction needs one.
    guard names.count >= defaults.count * directions else {
      throw node.mismatch(
        "activations", expected: "\(defaults.count * directions) functions",
        found: "\(names.count)")
    }
    var alphas = try node.floats("activation_alpha") ?? []
    var betas = try node.floats("activation_beta") ?? []
    func alpha(_ fallback: Float) -> Float { alphas.isEmpty ? fallback : alphas.removeFirst() }
    func beta(_ fallback: Float) -> Float { betas.isEmpty ? fallback : betas.removeFirst() }
    var functions: [UnaryFunction] = []
    for name in names.map({ String(decoding: $0, as: UTF8.self) }) {
      switch name.lowercased() {
      case "relu": functions.append(.relu)
      case "tanh": functions.append(.tanh)
      case "sigmoid": functions.append(.sigmoid)
      case "softsign": functions.append(.softsign)
      case "softplus": functions.append(.softplus)
      case "leakyrelu": functions.append(.leakyRelu(alpha(0.01)))
      case "thresholdedrelu": functions.append(.thresholdedRelu(alpha(1)))
      case "elu": functions.append(.elu(alpha(1)))
      case "affine": functions.append(.affine(alpha: alpha(1), beta: beta(0)))
      case "scaledtanh": functions.append(.scaledTanh(alpha: alpha(1), beta: beta(1)))
      case "hardsigmoid": functions.append(.hardSigmoid(alpha: alpha(0.2), beta: beta(0.5)))
      default:
        throw node.mismatch("activations", expected: "functions of the standard", found: name)
      }
    }
    return (0..<directions).map {
      Array(functions[$0 * defaults.count..<($0 + 1) * defaults.count])
    }
  }
}
