package import IR
package import Kernels

/// What Cast and CastLike share: elements of one type become elements of another.
package protocol Conversion: ValueOperator {
  /// What happens to numbers that do not fit the small floating-point formats.
  var rule: ConversionRule { get }
}

extension ConversionRule {
  /// Reads the attributes: `saturate` came with opset 19, `round_mode` with 24.
  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    let saturates = opset >= 19 ? try node.flag("saturate", default: true) : true
    let name = opset >= 24 ? try node.string("round_mode", default: "up") : "up"
    guard let powers = PowerRounding(rawValue: name) else {
      throw node.mismatch(
        "round_mode", expected: "'up', 'down' or 'nearest'", found: "'\(name)'")
    }
    self.init(saturates: saturates, powers: powers)
  }
}

extension Conversion {
  /// Reads and writes every number type itself.
  package static var traits: Traits { Traits(widensHalf: false, readsPackedElements: true) }

  /// What inference says of a conversion to `type`.
  package func infer(_ inputs: Inputs, to type: ElementType) -> [Inferred] {
    [Inferred(type, inputs.shape(0), data: data(inputs, to: type))]
  }

  /// Lengths survive in types that are wide enough for them.
  private func data(_ inputs: Inputs, to type: ElementType) -> [Dimension]? {
    guard let data = inputs.shapeData(0) else { return nil }
    switch type {
    case .float, .double: return data
    case .int64, .int32, .uint64, .uint32:
      guard inputs.elementType(0).isFloatingPoint else { return data }
      // Conversion drops the fraction: what is not negative is rounded down.
      return data.map { $0.isNonNegative ? $0.floorDivided(by: .known(1)) : .unknown }
    case .bool:
      return data.map { length in
        length.value.map { .known($0 == 0 ? 0 : 1) }
          ?? ((length - 1).isNonNegative ? .known(1) : .unknown)
      }
    default: return type.isInteger && inputs.elementType(0).isInteger ? data : nil
    }
  }

  /// Converts input 0.
  package func convert(_ context: Evaluation, to type: ElementType) throws(ModelError) {
    let x = try context.input(0)
    if x.elementType == type { return try context.copy(as: x.shape) }
    guard let from = NumberFormat(x.elementType), let to = NumberFormat(type) else {
      throw ModelError(
        .unsupported,
        "\(context.label): conversion from \(x.elementType) to \(type) is not supported")
    }
    let y = try context.bytes(output: 0, type, x.shape)
    guard Kernels.convert(x.bytes, from, into: y, to, count: x.count, rule: rule) else {
      throw context.unsupportedTypes([0])
    }
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .elementwise(inputs: [(0, inputs.shape(0))], outputs: outputs)
  }
}
