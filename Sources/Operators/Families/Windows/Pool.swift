package import IR
package import Kernels

/// A reduction over the window at each spatial position, channel by channel.
package protocol Pool: Operator {
  /// The window; its kernel is given.
  var window: SlidingWindow { get }
}

extension Pool {
  /// The shape of the output, as far as it follows.
  package func inferShape(_ inputs: Inputs) throws(ModelError) -> Shape? {
    let kernel = window.kernel ?? []
    try inputs.requireRank(0, kernel.count + 2...kernel.count + 2)
    guard let x = inputs.shape(0) else {
      return Shape([Dimension](repeating: .unknown, count: kernel.count + 2))
    }
    let mismatch: Mismatch = { inputs.mismatch($0, expected: $1, found: $2) }
    let spatial = try window.output(
      input: Array(x.dimensions.dropFirst(2)), kernel: kernel.map { .known($0) }, mismatch)
    return Shape([x[0], x[1]] + spatial)
  }

  /// The window for the input of an evaluation.
  package func window(_ context: Evaluation) throws(ModelError) -> Window {
    try window.pooling(context)
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    poolChannels(inputs, outputs)
  }
}

/// Batch and channels pass through to every output; spatial axes stay whole.
package func poolChannels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
  guard let x = inputs.shape(0), x.rank >= 2 else {
    return .barrier("the shape of a pool's input is not known")
  }
  var relations: [ChannelRule.Relation] = []
  for position in outputs.indices {
    for axis in 0..<2 {
      relations.append(.same(Axis(.input(0), axis), Axis(.output(position), axis)))
    }
  }
  for axis in 2..<max(2, x.rank) {
    relations.append(.freeze(Axis(.input(0), axis), reason: "spatial axis of a pool"))
    for position in outputs.indices {
      relations.append(.freeze(Axis(.output(position), axis), reason: "spatial axis of a pool"))
    }
  }
  return ChannelRule(relations)
}

/// A reduction over all spatial positions, channel by channel.
package protocol GlobalPool: Operator {}

extension GlobalPool {
  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    try inputs.requireRank(0, 2...Int.max)
    let shape = inputs.shape(0).map { x in
      Shape(x.dimensions.prefix(2) + [Dimension](repeating: 1, count: x.rank - 2))
    }
    return [Inferred(inputs.elementType(0), shape)]
  }

  /// A window as large as the plane, laid along one axis.
  package func window(_ context: Evaluation) throws(ModelError) -> Window {
    let shape = try context.input(0).shape
    let positions = shape.dropFirst(2).reduce(1, *)
    guard shape.count >= 2, positions > 0 else {
      throw context.mismatch(0, expected: "spatial positions", found: "shape \(shape)")
    }
    return Window(
      input: [positions], kernel: [positions], strides: [1], dilations: [1], padsBegin: [0],
      padsEnd: [0], output: [1])
  }

  /// The shape of the output of an evaluation.
  package func outputShape(_ context: Evaluation) throws(ModelError) -> [Int] {
    let shape = try context.input(0).shape
    return shape.prefix(2) + [Int](repeating: 1, count: max(0, shape.count - 2))
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    poolChannels(inputs, outputs)
  }
}

extension Pool {
  /// The rule of a pool whose derivative is one step.
  var pooledBack: Gradient {
    .rule { call throws(ModelError) in
      let g = try call.cotangent(0), x = try call.input(0)
      return [call.builder.inner(Inner.pooled, [g, x], of: call.node).typed(as: x.type)]
    }
  }
}
