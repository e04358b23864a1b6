package import IR

/// Finds the type of every value and the operator of every node of a model's main graph.
///
/// Values of small integer tensors are followed as expressions, so that shapes computed in the
/// graph (Shape, Gather, Concat, Reshape) are found too. Linear in the number of nodes.
///
/// - Parameter binding: lengths for symbolic dimensions of the inputs.
/// - Throws: `ModelError` when a node breaks its operator's rules, or when an inferred type
///   contradicts a declared one; it names both.
package func inferTypes(
  _ model: Model, binding: [String: Int] = [:]
) throws(ModelError) -> Facts {
  var inference = Inference(model: model, binding: binding)
  return try inference.run()
}

private struct Inference {
  let opsets: [OpsetImport]
  var graph: Graph
  var operators: [(any Operator)?]
  var data: [[Dimension]?]
  var constants: [Tensor?]
  var declared: [TensorType?]
  var unknown: [NodeID] = []
  let binding: [String: Int]

  /// Integer tensors with more elements than this are no shapes and are not followed.
  private static let followed = 4096

  init(model: Model, binding: [String: Int]) {
    self.graph = model.graph
    self.opsets = model.opsetImports
    self.binding = binding
    operators = Array(repeating: nil, count: graph.nodeTable.count)
    data = Array(repeating: nil, count: graph.valueCount)
    constants = Array(repeating: nil, count: graph.valueCount)
    declared = Array(repeating: nil, count: graph.valueCount)
  }

  mutating func run() throws(ModelError) -> Facts {
    for info in graph.valueInfos + graph.outputs {
      if let type = info.type?.tensor { declared[info.value.index] = bound(type) }
    }
    for (index, info) in graph.inputs.enumerated() {
      guard let type = info.type?.tensor else { continue }
      if !binding.isEmpty { graph.setInputType(index, .tensor(bound(type))) }
      graph.setType(info.value, .tensor(bound(type)))
    }
    for id in graph.initializers {
      guard let tensor = graph[id].initializer else { continue }
      if graph.constant(id) != nil || !graph.isInput(id) { graph.setType(id, .tensor(tensor.type)) }
    }
    for id in graph.nodeIDs { try visit(id) }
    return Facts(
      graph: graph, operators: operators, data: data, constants: constants, unknown: unknown)
  }

  private func bound(_ type: TensorType) -> TensorType {
    binding.isEmpty ? type : TensorType(type.elementType, type.shape?.substituting(binding))
  }

  private mutating func visit(_ id: NodeID) throws(ModelError) {
    let node = graph[id]
    let op = try opsets.version(of: node.op.domain).flatMap { version throws(ModelError) in
      try Registry.make(node.op, opset: version, NodeView(graph, id))
    }
    operators[id.index] = op
    guard let op else {
      unknown.append(id)
      for output in node.outputs.compactMap({ $0 }) {
        graph.setType(output, declared[output.index].map { .tensor($0) } ?? graph[output].type)
      }
      return
    }
    let inputs = Inputs(label: graph.label(id), node.inputs.map { $0.map(operand) })
    let results = try op.infer(inputs)
    let values = op.constantValue.map { [$0] } ?? evaluated(op, id, inputs, results)
    for (slot, output) in node.outputs.enumerated() {
      guard let output else { continue }
      guard let result = results[safe: slot] else {
        graph.setType(output, declared[output.index].map { .tensor($0) })
        continue
      }
      let value = values?[safe: slot] ?? result.knownTensor
      constants[output.index] = value
      data[output.index] = result.data
      let type = try merge(value?.type ?? result.type, declared[output.index], of: output, node: id)
      graph.setType(output, type == .unknown ? graph[output].type : .tensor(type))
    }
  }

  private func operand(_ id: ValueID) -> Operand {
    Operand(
      name: graph[id].name, type: graph[id].tensorType ?? .unknown,
      constant: constants[id.index] ?? graph.constant(id), data: data[id.index])
  }

  /// The results of a node that only computes small integers from constants.
  private func evaluated(
    _ op: any Operator, _ id: NodeID, _ inputs: Inputs, _ results: [Inferred]
  ) -> [Tensor]? {
    guard
      results.allSatisfy({ result in
        (result.type.elementType.isInteger || result.type.elementType == .bool)
          && (result.type.shape?.elementCount.value ?? .max) <= Self.followed
      }),
      inputs.operands.allSatisfy({ $0 == nil || ($0?.constant?.count ?? .max) <= Self.followed })
    else { return nil }
    return try? evaluateConstant(
      op, label: inputs.label, inputs: inputs.operands.map { $0?.constant },
      outputs: graph[id].outputs.count)
  }

  /// The narrower of an inferred and a declared type.
  private func merge(
    _ inferred: TensorType, _ declared: TensorType?, of value: ValueID, node: NodeID
  ) throws(ModelError) -> TensorType {
    guard let declared else { return inferred }
    var result = inferred
    if inferred.elementType == .undefined {
      result.elementType = declared.elementType
    } else if declared.elementType != .undefined, declared.elementType != inferred.elementType {
      throw conflict(inferred, declared, of: value, node: node)
    }
    guard let known = declared.shape else { return result }
    guard let found = inferred.shape else {
      result.shape = known
      return result
    }
    guard known.rank == found.rank else {
      throw conflict(inferred, declared, of: value, node: node)
    }
    for axis in 0..<known.rank {
      switch (found[axis], known[axis]) {
      case (.known(let a), .known(let b)):
        guard a == b else { throw conflict(inferred, declared, of: value, node: node) }
      case (_, .known), (.unknown, _): result.shape![axis] = known[axis]
      default: break
      }
    }
    return result
  }

  private func conflict(
    _ inferred: TensorType, _ declared: TensorType, of value: ValueID, node: NodeID
  ) -> ModelError {
    ModelError(
      .invalid,
      "\(graph.label(node)), value '\(graph[value].name)': expected \(inferred) from its inputs, found \(declared) declared"
    )
  }
}

extension Inferred {
  /// The value as a tensor, when every element is a number.
  fileprivate var knownTensor: Tensor? {
    guard let data, let shape = type.shape?.known, shape.reduce(1, *) == data.count else {
      return nil
    }
    let values = data.compactMap(\.value)
    guard values.count == data.count else { return nil }
    switch type.elementType {
    case .int64: return Tensor(int64: values, shape)
    case .int32: return Tensor(.int32, shape, Storage(values.map { Int32(clamping: $0) }))
    default: return nil
    }
  }
}

extension Optional {
  fileprivate func flatMap<T>(
    _ body: (Wrapped) throws(ModelError) -> T?
  ) throws(ModelError) -> T? {
    guard let self else { return nil }
    return try body(self)
  }
}
