package import IR
package import Kernels

/// What the convolutions over `[N, C, …]` with weights `[M, C/group, …]` share, whatever their
/// element types: lengths, channel relations and the edit when channels go.
package struct ConvolutionGeometry: Sendable {
  package let window: SlidingWindow
  package let group: Int
  /// Which input is the data, the weight and, where there may be one, the bias.
  package let x: Int
  package let weight: Int
  package let bias: Int?

  package init(_ node: NodeView, x: Int = 0, weight: Int = 1, bias: Int?) throws(ModelError) {
    window = try SlidingWindow(node)
    group = try node.int("group", default: 1)
    self.x = x
    self.weight = weight
    self.bias = bias
    guard group >= 1 else {
      throw node.mismatch("group", expected: "at least 1", found: "\(group)")
    }
  }

  /// The lengths for inputs of known shapes.
  package func shape(
    x: [Int], weight w: [Int], _ mismatch: Mismatch
  ) throws(ModelError) -> ConvolutionShape {
    try check(Shape(x), Shape(w), mismatch)
    let window = try window.window(
      input: Array(x.dropFirst(2)), kernel: Array(w.dropFirst(2)), mismatch)
    return ConvolutionShape(
      batch: x[0], inputChannels: x[1], outputChannels: w[0], group: group, window: window)
  }

  /// The lengths for the inputs of an evaluation.
  package func shape(_ context: Evaluation) throws(ModelError) -> ConvolutionShape {
    let mismatch: Mismatch = { context.mismatch($0, expected: $1, found: $2) }
    let w = try context.input(weight).shape
    if let bias, let length = context.optional(bias)?.shape, length != [w.first ?? 0] {
      throw mismatch(bias, "shape [\(w.first ?? 0)]", "\(length)")
    }
    return try shape(x: context.input(x).shape, weight: w, mismatch)
  }

  /// The shape of the output, as far as it follows.
  package func infer(_ inputs: Inputs) throws(ModelError) -> Shape? {
    let mismatch: Mismatch = { inputs.mismatch($0, expected: $1, found: $2) }
    try inputs.requireRank(x, 3...Int.max)
    try inputs.requireRank(weight, 3...Int.max)
    let known = inputs.shape(x), w = inputs.shape(weight)
    guard let rank = known?.rank ?? w?.rank ?? window.rank.map({ $0 + 2 }) else { return nil }
    let unknown = Shape([Dimension](repeating: .unknown, count: rank))
    let data = known ?? unknown,
      weights =
        w
        ?? Shape(
          [.unknown, .unknown]
            + (window.kernel.map { $0.map { .known($0) } }
              ?? [Dimension](
                repeating: .unknown, count: rank - 2)))
    try check(data, weights, mismatch)
    inputs.equate(data[1], weights[1] * .known(group))
    if let bias, let length = inputs.shape(bias), let wanted = weights[0].value,
      length.rank != 1 || (length[0].value ?? wanted) != wanted
    {
      throw mismatch(bias, "shape [\(wanted)]", "\(length)")
    }
    let spatial = try window.output(
      input: Array(data.dimensions.dropFirst(2)), kernel: Array(weights.dimensions.dropFirst(2)),
      mismatch)
    return Shape([data[0], weights[0]] + spatial)
  }

  private func check(_ data: Shape, _ w: Shape, _ mismatch: Mismatch) throws(ModelError) {
    guard data.rank >= 3 else { throw mismatch(x, "rank at least 3", "\(data)") }
    guard w.rank == data.rank else { throw mismatch(weight, "rank \(data.rank)", "\(w)") }
    if let channels = data[1].value, let columns = w[1].value,
      product(columns, group) != channels
    {
      guard channels % group == 0 else {
        throw mismatch(x, "a number of channels that group \(group) divides", "\(channels)")
      }
      throw mismatch(
        weight,
        "\(channels / group) input channels (x has \(channels), group \(group))", "\(columns)")
    }
    if let rows = w[0].value, rows % group != 0 {
      throw mismatch(weight, "a number of output channels that group \(group) divides", "\(rows)")
    }
    if let kernel = window.kernel, let actual = Shape(Array(w.dimensions.dropFirst(2))).known,
      kernel != actual
    {
      throw mismatch(weight, "kernel \(kernel), as kernel_shape says", "\(actual)")
    }
  }

  /// The convolution as an operator that is linear in its weight.
  ///
  /// - Parameters:
  ///   - isPlain: whether nothing follows the sums.
  package func linear(isPlain: Bool = true) -> LinearForm {
    var form = LinearForm(
      .convolution, activation: x, weight: weight, bias: bias.map { LinearForm.Bias($0) },
      output: 0, input: 1, along: 1, to: 1)
    form.groups = group
    form.isPlain = isPlain
    form.readsPadding = window.readsPadding
    form.lengths = { x, weight in
      try? shape(x: x, weight: weight) {
        ModelError(.invalid, "input \($0): expected \($1), found \($2)")
      }
    }
    return form
  }

  /// Rules 2 of pruning.md. `perChannel` are further inputs with an element an output channel.
  package func channels(
    _ inputs: Inputs, _ outputs: [TensorType], perChannel: [Int] = []
  ) -> ChannelRule {
    .convolution(linear(), inputs, outputs, perChannel: perChannel)
  }

  /// A new `group` when whole groups go.
  package func resize(_ cut: Cut) throws(ModelError) -> [NodeEdit] {
    try remainingGroups(cut, group: group, x: x).map { [.attribute("group", .int($0))] } ?? []
  }

  /// Multiply-accumulates: every output element sums over a row of the weight.
  package func macs(_ inputs: Inputs, _ outputs: [TensorType]) -> Int? {
    guard let y = outputs.first?.shape?.elementCount.value,
      let row = inputs.shape(weight)?.dimensions.dropFirst().reduce(Dimension.known(1), *).value
    else { return nil }
    return product(y, row)
  }
}

/// How many groups are left of a grouped convolution, or nil when their number does not change.
///
/// Every group must lose all of its channels or keep as many as the others.
package func remainingGroups(_ cut: Cut, group: Int, x: Int) throws(ModelError) -> Int? {
  guard group > 1 else { return nil }
  var alive: [Int]?
  for (port, shape) in [
    (Port.input(x), cut.inputs.shape(x)), (.output(0), cut.outputs.first?.shape),
  ] {
    guard let length = shape?.dimensions[safe: 1]?.value, length % group == 0, length > 0 else {
      throw ModelError(
        .invalid,
        "\(cut.label): expected channels that group \(group) divides, found \(shape.map { "\($0)" } ?? "no shape")"
      )
    }
    let kept = cut.kept(port, 1) ?? Array(0..<length)
    var counts = [Int](repeating: 0, count: group)
    for index in kept where index >= 0 && index < length { counts[index / (length / group)] += 1 }
    let living = (0..<group).filter { counts[$0] > 0 }
    guard Set(living.map { counts[$0] }).count <= 1 else {
      throw ModelError(
        .invalid,
        "\(cut.label): expected the same number of channels in each group, found \(counts)")
    }
    if let before = alive, before != living {
      throw ModelError(
        .invalid,
        "\(cut.label): expected the same groups to go from input and output, found \(before) and \(living)"
      )
    }
    alive = living
  }
  guard let alive, alive.count != group else { return nil }
  return alive.count
}

/// The product of two counts, or nil when it overflows.
package func product(_ a: Int, _ b: Int) -> Int? {
  let (value, overflow) = a.multipliedReportingOverflow(by: b)
  return overflow ? nil : value
}

extension ChannelRule {
  /// Rules 2 of pruning.md: what convolutions and transposed ones share. `perChannel` are further
  /// inputs with an element an output channel.
  package static func convolution(
    _ form: LinearForm, _ inputs: Inputs, _ outputs: [TensorType], perChannel: [Int] = []
  ) -> ChannelRule {
    guard let w = inputs.shape(form.weight), w.rank >= 3, w[1].value != nil,
      form.kind == .convolution || w[0].value != nil, let data = inputs.shape(form.activation),
      data.rank == w.rank, let y = outputs.first?.shape, let channels = form.channelRelations(w)
    else { return .barrier("the shapes of a convolution are not known") }
    let input = Port.input(form.activation), output = Port.output(0)
    let weights = Port.input(form.weight)
    var relations: [ChannelRule.Relation] = [.same(Axis(input, 0), Axis(output, 0))] + channels
    for index in perChannel + (form.bias.map { [$0.slot] } ?? []) {
      // A parameter of one element serves all channels.
      let isPerChannel =
        inputs.shape(index).map { $0.rank == 1 && $0[0] == y.dimensions[safe: 1] }
        ?? (index == form.bias?.slot && inputs.has(index))
      if isPerChannel { relations.append(.same(Axis(.input(index), 0), Axis(output, 1))) }
    }
    for axis in 2..<w.rank {
      relations.append(.freeze(Axis(input, axis), reason: "spatial axis of a convolution"))
      relations.append(.freeze(Axis(weights, axis), reason: "kernel axis of a convolution"))
      if axis < y.rank {
        relations.append(.freeze(Axis(output, axis), reason: "spatial axis of a convolution"))
      }
    }
    return ChannelRule(relations)
  }
}
