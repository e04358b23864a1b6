internal import IR
internal import Operators
internal import Rewriting

/// A node that is linear in a constant weight, channel by channel, with the weight's elements: its
/// `LinearForm` says how.
struct LinearLayer {
  let node: NodeID
  let form: LinearForm
  let weight: Tensor
  private let layout: WeightLayout

  fileprivate init?(_ node: NodeID, _ form: LinearForm, _ weight: Tensor) {
    guard let layout = WeightLayout(form, dimensions: weight.dimensions) else { return nil }
    self.node = node
    self.form = form
    self.weight = weight
    self.layout = layout
  }

  /// The number of output channels.
  var outputs: Int { layout.outputs }
  /// The number of input channels, of all groups.
  var inputs: Int { layout.inputs * layout.groups }
}

extension Rewriter {
  /// Reads a node as a linear layer; nil for other nodes, and where the weight is not constant or does
  /// more than multiply input 0.
  mutating func linearLayer(_ id: NodeID) -> LinearLayer? {
    guard kind(id) != nil, let op = op(id), let form = op.linear(inputs(id)), form.isPlain,
      form.activation == 0, form.weightOutput != nil, form.outputAxis != nil,
      let value = input(id, form.weight), isFloat(value), let weight = constant(value)
    else { return nil }
    // A normalisation by stored statistics makes sense as a layer where these are known.
    if case .channelNormalization? = op.computation {
      guard case .affine = affine(id, axis: 1) else { return nil }
    }
    return LinearLayer(id, form, weight)
  }

  /// Whether a layer is a product of two matrices, which can become one with a bias.
  func isMatrixProduct(_ layer: LinearLayer) -> Bool {
    layer.form.kind == .product && layer.form.bias == nil && rank(input(layer.node, 0)) == 2
  }
}

extension LinearLayer {
  /// How many elements lie behind one index of an axis of the weight.
  private func inner(_ axis: Int?) -> Int {
    weight.dimensions[((axis ?? -1) + 1)...].reduce(1, *)
  }

  /// The weight with what makes output channel c multiplied by `factor(c)`.
  func scaledOutputs(_ factor: (Int) -> Double) -> Tensor? {
    let length = inner(form.weightOutput)
    return weight.scaled(runs: weight.count / max(1, length), of: length) { run in
      factor(layout.channels(at: run * length).output)
    }
  }

  /// The weight with what multiplies input channel c multiplied by `factor(c)`.
  func scaledInputs(_ factor: (Int) -> Double) -> Tensor? {
    let length = inner(form.weightInput)
    return weight.scaled(runs: weight.count / max(1, length), of: length) { run in
      factor(layout.channels(at: run * length).input)
    }
  }

  /// For each output channel the sum of its weights times `shift(c)` of their input channels c.
  func sums(_ shift: (Int) -> Double) -> [Double]? {
    guard let values = weight.doubles else { return nil }
    let length = inner([form.weightOutput, form.weightInput].compactMap { $0 }.max())
    var sums = [Double](repeating: 0, count: outputs)
    for start in stride(from: 0, to: values.count, by: max(1, length)) {
      let (output, input) = layout.channels(at: start)
      let shift = shift(input)
      for place in start..<min(start + length, values.count) {
        sums[output] += values[place] * shift
      }
    }
    return sums
  }
}
