internal import IR
internal import Operators

extension Model {
  /// Makes a model that computes in 16-bit floats compute in floats, so that what stands between its
  /// integers is known to runtimes. Inputs and outputs keep their types and are converted.
  ///
  /// - Returns: what is to be said of it; nil where nothing is of 16 bits, where a node reads the bits
  ///   of such numbers, and where a body reads an input or output.
  mutating func widenHalves() throws(ModelError) -> String? {
    guard graph.hasHalves, !graph.capturesInterface else { return nil }
    var wide = self
    try wide.graph.widen(isMain: true)
    for index in wide.functions.indices {
      for node in wide.functions[index].body.nodeIDs {
        try wide.functions[index].body.widenAttributes(node)
      }
    }
    do {
      // What reads the bits of numbers shows in types that do not fit.
      _ = try inferTypes(wide)
    } catch {
      return nil
    }
    self = wide
    return
      "computes in float what the model computes in 16 bits; inputs and outputs keep their types"
  }
}

extension Graph {
  /// Whether weights or values that nodes make are of 16-bit floats.
  fileprivate var hasHalves: Bool {
    valueIDs.contains { id in
      (self[id].initializer?.elementType ?? self[id].tensorType?.elementType)?.isHalf ?? false
    }
  }

  /// Whether a body reads an input or output, which keeps its type, by name.
  fileprivate var capturesInterface: Bool {
    (inputs + outputs).contains { isCaptured($0.value) }
  }

  /// Replaces 16-bit floats by floats in everything that the graph declares.
  fileprivate mutating func widen(isMain: Bool) throws(ModelError) {
    for id in valueIDs {
      if let tensor = self[id].initializer?.widened { setInitializer(id, tensor) }
      setType(id, self[id].type?.widened)
    }
    for index in valueInfos.indices { valueInfos[index].type = valueInfos[index].type?.widened }
    for id in nodeIDs { try widenAttributes(id) }
    for index in inputs.indices {
      let given = inputs[index].type
      guard given != given?.widened else { continue }
      if isMain, self[inputs[index].value].initializer == nil {
        convertInput(index, given)
      } else {
        setInputType(index, given?.widened)
      }
    }
    for index in outputs.indices {
      let given = outputs[index].type
      guard given != given?.widened else { continue }
      if isMain { convertOutput(index, given) } else { setOutputType(index, given?.widened) }
    }
  }

  /// Lets readers of an input read it as floats.
  private mutating func convertInput(_ index: Int, _ type: ValueType?) {
    let input = inputs[index].value
    guard let element = type?.tensor else { return }
    setType(input, type)
    let name = self[input].name
    let wide = addFreshValue(
      "\(name)_float", type: .tensor(TensorType(.float, element.shape)))
    replaceInputs(of: input, with: wide)
    let first = nodeIDs.first
    let cast = SurgeryNodes.cast(input, to: .float, into: wide, name: "\(name)_to_float")
    if let first { add(cast, before: first) } else { add(cast) }
  }

  /// Gives out what a node makes in the type that the output has.
  private mutating func convertOutput(_ index: Int, _ type: ValueType?) {
    let output = outputs[index].value
    guard let element = type?.tensor, let producer = self[output].producer,
      let slot = self[producer].outputs.firstIndex(of: output)
    else { return }
    let name = self[output].name
    let wide = addFreshValue(
      "\(name)_float", type: .tensor(TensorType(.float, element.shape)))
    replaceInputs(of: output, with: wide)
    setOutput(producer, slot: slot, to: wide)
    setType(output, type)
    add(
      SurgeryNodes.cast(
        wide, to: element.elementType, into: output, name: "\(name)_to_\(element.elementType)"))
  }

  /// Replaces 16-bit floats in a node's tensors, bodies and named element types.
  fileprivate mutating func widenAttributes(_ id: NodeID) throws(ModelError) {
    guard !self[id].attributes.isEmpty else { return }
    try updateSubgraphs(of: id) { (attributes) throws(ModelError) in
      for index in attributes.indices {
        switch attributes[index].value {
        case .tensor(let tensor):
          if let wide = tensor.widened { attributes[index].value = .tensor(wide) }
        case .int(let code) where SurgeryNodes.typeAttributes.contains(attributes[index].name):
          guard ElementType(rawValue: Int32(clamping: code)).isHalf else { break }
          attributes[index].value = .int(Int(ElementType.float.rawValue))
        case .graph(var body):
          try body.widen(isMain: false)
          attributes[index].value = .graph(body)
        case .graphs(var bodies):
          for body in bodies.indices { try bodies[body].widen(isMain: false) }
          attributes[index].value = .graphs(bodies)
        default: break
        }
      }
    }
  }
}

extension Tensor {
  /// The tensor of floats with the same elements; nil where these are no 16-bit floats.
  fileprivate var widened: Tensor? {
    elementType.isHalf ? floats.map { Tensor(floats: $0, dimensions) } : nil
  }
}

extension ValueType {
  /// The type with floats in place of 16-bit floats.
  fileprivate var widened: ValueType {
    func wide(_ type: TensorType) -> TensorType {
      type.elementType.isHalf ? TensorType(.float, type.shape) : type
    }
    return switch self {
    case .tensor(let type): .tensor(wide(type))
    case .sparseTensor(let type): .sparseTensor(wide(type))
    case .sequence(let inner): .sequence(inner?.widened)
    case .optional(let inner): .optional(inner?.widened)
    case .map(let key, let inner): .map(key: key, value: inner?.widened)
    }
  }
}
