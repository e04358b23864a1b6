internal import IR
internal import Operators

/// A model whose weights are stored in 4 bits, with bytes in their place, and the way back.
struct UnpackedModel: Sendable {
  /// The model with bytes: what a Cast made of packed constants is a constant itself.
  let model: Model
  private let packed: Model
  private let weights: [PackedConstant]

  init(_ packed: Model) throws(ModelError) {
    self.packed = packed
    var model = packed
    weights = try inferTypes(packed).packedConstants.filter {
      !packed.graph.isOutput($0.value) && packed.graph[$0.source].uses.count == 1
        && $0.type.bitWidth == 4 && $0.tensor.elementType.bitWidth == 8
    }
    for weight in weights {
      model.graph.remove(weight.node)
      model.graph.setInitializer(weight.value, weight.tensor)
    }
    self.model = model
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
