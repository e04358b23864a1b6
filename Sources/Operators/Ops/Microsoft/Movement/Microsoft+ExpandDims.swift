package import IR

extension Microsoft {
  /// Inserts one axis of length 1 at the place that input 1 says, counted in the output.
  package struct ExpandDims: Reshaping {
    package static let schema = Schema(
      "ExpandDims", domain: Microsoft.domain, opsets: 1...1,
      signature: """
        1: (T, int32) -> T; T: all bfloat16
        """)
    package static let traits = Traits(widensHalf: false, auxiliaryInputs: [1])

    package init(_ node: NodeView, opset: Int) throws(ModelError) {}

    /// Where the new axis is in the output.
    private func place(
      _ axes: [Int], rank: Int, label: String
    ) throws(ModelError) -> Int {
      guard axes.count == 1 else {
        throw ModelError(.invalid, "\(label), input 1: expected one axis, found \(axes.count)")
      }
      return try normalizedAxes(axes, rank: rank + 1, label: label)[0]
    }

    private func place(_ inputs: Inputs) throws(ModelError) -> Int? {
      guard let rank = inputs.rank(0), let axes = inputs.knownIntegers(1) else { return nil }
      return try place(axes, rank: rank, label: inputs.label)
    }

    package func shape(_ inputs: Inputs) throws(ModelError) -> Shape? {
      guard let shape = inputs.shape(0), let place = try place(inputs) else { return nil }
      var dimensions = shape.dimensions
      dimensions.insert(.known(1), at: place)
      return Shape(dimensions)
    }

    package func evaluate(_ context: inout Evaluation) throws(ModelError) {
      var shape = try context.input(0).shape
      let axes = try context.requiredIntegers(1)
      shape.insert(1, at: try place(axes, rank: shape.count, label: context.label))
      try context.copy(as: shape)
    }

    package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
      guard let rank = inputs.rank(0), let place = try? place(inputs) else {
        return .barrier("the axis is not known")
      }
      return .movement(passing: (0..<rank).map { ($0, $0 < place ? $0 : $0 + 1) })
    }
  }
}

extension Microsoft.ExpandDims {
  package var gradient: Gradient { .reshaped }
}
