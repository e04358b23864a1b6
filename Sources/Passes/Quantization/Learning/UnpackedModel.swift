internal import IR
internal import Operators

/// A model whose weights are stored in 4 bits, with bytes in their place, and the way back.
struct UnpackedModel: Sendable {
  /// The model with bytes: what a Cast made of packed constants is a constant itself.
  private(set) var model: Model
  private let packed: Model
  private var weights: [Weight] = []

  private struct Weight: Sendable {
    /// What is stored.
    let source: ValueID
    let type: ElementType
    /// The bytes.
    let value: ValueID
  }

  init(_ packed: Model) throws(ModelError) {
    self.packed = packed
    model = packed
    let facts = try inferTypes(packed)
    for id in packed.graph.nodeIDs {
      guard let value = packed.graph[id].outputs.first ?? nil, !packed.graph.isOutput(value),
        let source = packed.graph[id].inputs.first ?? nil, packed.graph[source].uses.count == 1,
        let type = facts.packedType(of: value), type.bitWidth == 4,
        let constant = facts.unpackedConstant(value), constant.elementType.bitWidth == 8
      else { continue }
      model.graph.remove(id)
      model.graph.setInitializer(value, constant)
      weights.append(Weight(source: source, type: type, value: value))
    }
  }

  /// The packed model with the constants of an unpacked one.
  ///
  /// - Parameter model: `model` with other initializers.
  func packed(_ model: Model) -> Model {
    var result = packed
    for value in packed.graph.initializers {
      if let tensor = model.graph[value].initializer { result.graph.setInitializer(value, tensor) }
    }
    for weight in weights {
      guard let bytes = model.graph[weight.value].initializer?.storage else { continue }
      var tensor = Tensor(
        weight.type, packed.graph[weight.source].initializer?.dimensions ?? [],
        bytes: bytes.withUnsafeBytes { [UInt8]($0) })
      tensor.name = packed.graph[weight.source].initializer?.name
      result.graph.setInitializer(weight.source, tensor)
    }
    return result
  }
}
