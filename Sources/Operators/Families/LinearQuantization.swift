package import IR
package import Kernels

/// What QuantizeLinear and DequantizeLinear share: one scale and zero-point for the tensor, or one
/// for each index of an axis (from opset 13 on).
package struct LinearQuantizationSettings: Sendable {
  /// The axis of parameters, as given.
  package let axis: Int
  /// The length of blocks that share a scale; 0 for none (from opset 21 on).
  package let blockSize: Int
  /// The type of the output where an attribute says so; undefined otherwise.
  package let outputType: ElementType

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    axis = opset >= 13 ? try node.int("axis", default: 1) : 1
    blockSize = opset >= 21 ? try node.int("block_size", default: 0) : 0
    let code = opset >= 21 ? try node.int("output_dtype", default: 0) : 0
    guard let raw = Int32(exactly: code), raw >= 0 else {
      throw node.mismatch("output_dtype", expected: "an element type", found: "\(code)")
    }
    outputType = ElementType(rawValue: raw)
  }
}

/// The parameters of one evaluation.
package struct LinearQuantizationParameters {
  package let layout: QuantizedLayout
  package let scales: [Float]
  package let zeroPoints: [Int]
}

/// QuantizeLinear and DequantizeLinear.
package protocol LinearQuantization: Operator {
  var settings: LinearQuantizationSettings { get }
}

extension LinearQuantization {
  package static var auxiliaryInputs: Set<Int> { [1, 2] }

  package static func attributeDefaults(opset: Int) -> [String: AttributeValue] {
    ["axis": .int(1), "block_size": .int(0), "output_dtype": .int(0), "saturate": .int(1)]
  }

  /// Reads scale and zero-point and checks them against the shape of x.
  package func parameters(
    _ context: Evaluation
  ) throws(ModelError) -> LinearQuantizationParameters {
    guard settings.blockSize == 0 else {
      throw ModelError(.unsupported, "\(context.label): blocked quantization is not supported")
    }
    let x = try context.input(0)
    let scale = try context.source(1)
    guard scale.scalar == .float else {
      throw context.mismatch(1, expected: "float", found: "\(try context.input(1).elementType)")
    }
    let zero = context.optional(2)
    let layout: QuantizedLayout
    if scale.count == 1, scale.shape.count <= 1 {
      layout = QuantizedLayout(count: x.count)
    } else {
      let axis = try axis(rank: x.shape.count, label: context.label)
      guard scale.shape == [x.shape[axis]] else {
        throw context.mismatch(
          1, expected: "a scalar or shape [\(x.shape[axis])]", found: "\(scale.shape)")
      }
      layout = QuantizedLayout(x.shape, axis: axis)
    }
    let zeroPoints = try context.integers(2) ?? [Int](repeating: 0, count: scale.count)
    guard zeroPoints.count == scale.count else {
      throw context.mismatch(
        2, expected: "shape \(scale.shape)", found: "\(zero?.shape ?? [])")
    }
    return LinearQuantizationParameters(
      layout: layout, scales: Array(scale.elements(Float.self)), zeroPoints: zeroPoints)
  }

  private func axis(rank: Int, label: String) throws(ModelError) -> Int {
    let axis = settings.axis
    guard axis >= -rank, axis < rank else {
      throw ModelError(
        .invalid,
        "\(label), attribute 'axis': expected a value in [-\(rank), \(rank - 1)], found \(axis)")
    }
    return axis < 0 ? axis + rank : axis
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    guard let shape = inputs.shape(0) else { return .barrier("shape of input 0 is not known") }
    var relations: [ChannelRule.Relation] = shape.dimensions.indices.map {
      .same(Axis(.input(0), $0), Axis(.output(0), $0))
    }
    for index in 1...2 where inputs.has(index) {
      guard let parameter = inputs.shape(index) else {
        return .barrier("shape of input \(index) is not known")
      }
      guard settings.blockSize == 0 else { return .barrier("blocked quantization") }
      guard parameter.rank == 1, parameter[0] != .known(1) else { continue }
      guard let axis = try? axis(rank: shape.rank, label: inputs.label) else {
        return .barrier("axis out of range")
      }
      relations.append(.same(Axis(.input(0), axis), Axis(.input(index), 0)))
    }
    return ChannelRule(relations)
  }

  package func quantization(_ inputs: Inputs) -> QuantizationRule {
    .float(reason: "already part of a quantized model")
  }
}
