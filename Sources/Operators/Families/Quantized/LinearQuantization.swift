package import IR
package import Kernels

/// What QuantizeLinear and DequantizeLinear share: one scale and zero-point for the tensor, one for
/// each index of an axis (from opset 13 on), or one for each block along an axis (from 21 on).
package struct LinearQuantizationSettings: Sendable {
  /// The axis of parameters, as given.
  package let axis: Int
  /// The length of blocks that share a scale; 0 for none.
  package let blockSize: Int
  /// The type of the output where an attribute says so; undefined otherwise.
  package let outputType: ElementType
  /// The type in which the division is done; undefined for the scale's.
  package let precision: ElementType
  /// What happens to numbers that small floats do not hold.
  package let rule: ConversionRule

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    axis = opset >= 13 ? try node.int("axis", default: 1) : 1
    blockSize = opset >= 21 ? try node.int("block_size", default: 0) : 0
    guard blockSize >= 0 else {
      throw node.mismatch("block_size", expected: "0 or more", found: "\(blockSize)")
    }
    outputType = opset >= 21 ? try Self.type("output_dtype", node) : .undefined
    precision = opset >= 23 ? try Self.type("precision", node) : .undefined
    rule = ConversionRule(
      saturates: opset >= 19 ? try node.flag("saturate", default: true) : true)
  }

  private static func type(_ name: String, _ node: NodeView) throws(ModelError) -> ElementType {
    let code = try node.int(name, default: 0)
    guard let raw = Int32(exactly: code), raw >= 0 else {
      throw node.mismatch(name, expected: "an element type", found: "\(code)")
    }
    return ElementType(rawValue: raw)
  }
}

/// QuantizeLinear and DequantizeLinear.
package protocol LinearQuantization: Operator {
  /// Whether it makes integers of numbers; it makes numbers of integers otherwise.
  static var quantizes: Bool { get }
  var settings: LinearQuantizationSettings { get }
}

extension LinearQuantization {
  package static var traits: Traits { quantizationTraits }

  /// Reads scale and zero-point and checks them against the shape of x.
  package func parameters(_ context: Evaluation) throws(ModelError) -> QuantizedParameters {
    let x = try context.input(0), scale = try context.input(1)
    guard scale.elementType.isFloatingPoint || scale.elementType == .float8e8m0 else {
      throw context.mismatch(1, expected: "floating point", found: "\(scale.elementType)")
    }
    let mismatch = try misfit(Shape(x.shape), Shape(scale.shape), label: context.label)
    if let mismatch {
      throw context.mismatch(1, expected: mismatch, found: "shape \(scale.shape)")
    }
    let layout: QuantizedLayout
    if settings.blockSize > 0 {
      let axis = try axis(rank: x.shape.count, label: context.label)
      layout = QuantizedLayout(x.shape, axis: axis, block: settings.blockSize)
    } else if isSingle(Shape(scale.shape)) {
      layout = QuantizedLayout(count: x.count)
    } else {
      layout = QuantizedLayout(x.shape, axis: try axis(rank: x.shape.count, label: context.label))
    }
    var zeroPoints = [Int32](repeating: 0, count: scale.count)
    if let zero = context.optional(2) {
      guard zero.count == scale.count else {
        throw context.mismatch(2, expected: "shape \(scale.shape)", found: "shape \(zero.shape)")
      }
      zeroPoints = try context.numbers(2, as: .int32).array(of: Int32.self)
    }
    let type = settings.precision == .undefined ? scale.elementType : settings.precision
    return QuantizedParameters(
      layout, scales: try context.floats(1).array(of: Float.self), zeroPoints: zeroPoints,
      precision: HalfFormat(type))
  }

  private func isSingle(_ scale: Shape) -> Bool { scale.rank == 0 || scale.known == [1] }

  /// What the shape of the scale should be where it does not fit that of x; nil where it does or
  /// may.
  private func misfit(_ x: Shape, _ scale: Shape, label: String) throws(ModelError) -> String? {
    if settings.blockSize == 0, isSingle(scale) { return nil }
    let axis = try axis(rank: x.rank, label: label)
    guard settings.blockSize > 0 else {
      guard scale.rank == 1 else { return "a scalar or one axis" }
      guard let wanted = x[axis].value, let found = scale[0].value else { return nil }
      return wanted == found || found == 1 ? nil : "a scalar or shape [\(wanted)]"
    }
    var wanted = x
    wanted[axis] = x[axis].ceilDivided(by: .known(settings.blockSize))
    guard scale.rank == x.rank else { return "shape \(wanted)" }
    for (a, b) in zip(wanted.dimensions, scale.dimensions) {
      if let a = a.value, let b = b.value, a != b { return "shape \(wanted)" }
    }
    return nil
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

  /// Checks the shapes of the parameters as far as they are known.
  package func checkParameters(_ inputs: Inputs) throws(ModelError) {
    guard let x = inputs.shape(0), let scale = inputs.shape(1) else { return }
    if let expected = try misfit(x, scale, label: inputs.label) {
      throw inputs.mismatch(1, expected: expected, found: "\(inputs.type(1))")
    }
    guard let zero = inputs.shape(2)?.known, let scale = scale.known else { return }
    guard Tensor.count(zero) == Tensor.count(scale) else {
      throw inputs.mismatch(2, expected: "shape \(scale)", found: "\(inputs.type(2))")
    }
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
      let own = try? axis(rank: shape.rank, label: inputs.label)
      if settings.blockSize > 0 {
        guard let own, parameter.rank == shape.rank else { return .barrier("axis out of range") }
        for axis in shape.dimensions.indices where axis != own {
          relations.append(.same(Axis(.input(0), axis), Axis(.input(index), axis)))
        }
        relations.append(.freeze(Axis(.input(0), own), reason: "blocks of it share a scale"))
        continue
      }
      guard parameter.rank == 1, parameter[0] != .known(1) else { continue }
      guard let own else { return .barrier("axis out of range") }
      relations.append(.same(Axis(.input(0), own), Axis(.input(index), 0)))
    }
    return ChannelRule(relations)
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm {
    .float(reason: "already part of a quantized model")
  }
}

/// What QuantizeLinear and DequantizeLinear have in common.
let quantizationTraits = Traits(
  widensHalf: false, readsPackedElements: true, auxiliaryInputs: [1, 2], keepsFloat: true)
