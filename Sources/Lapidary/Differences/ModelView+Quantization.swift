internal import IR
internal import Operators
internal import Reports

extension ModelView {
  /// The model with numbers that stand for others by scale and zero-point taken for those: constants
  /// dequantized, quantizing and dequantizing nodes between others left out.
  ///
  /// - Returns: nil for a model without such nodes, or that cannot be typed.
  init?(dequantizing model: Model, isFirst: Bool) {
    guard let facts = try? inferTypes(model) else { return nil }
    let steps = model.graph.nodeIDs.filter { facts.op($0) is any LinearQuantization }
    self.init(model)
    let hasIntegers = takeForNumbers(facts, isFirst: isFirst)
    guard hasIntegers || !steps.isEmpty else { return nil }
    let packed = unpack(facts)
    for id in steps { takeOut(id, facts, packed, isFirst: isFirst) }
    self.model.graph.dropUnusedValues()
  }

  /// Puts integers in the place of those that are stored in fewer bits, and says in which.
  private mutating func unpack(_ facts: TypedGraph) -> [ValueID: ElementType] {
    var found: [ValueID: ElementType] = [:]
    for packed in facts.packedConstants where !facts.graph.isOutput(packed.value) {
      model.graph.remove(packed.node)
      model.graph.setInitializer(packed.value, packed.tensor)
      found[packed.value] = packed.type
    }
    return found
  }

  private mutating func takeOut(
    _ id: NodeID, _ facts: TypedGraph, _ packed: [ValueID: ElementType], isFirst: Bool
  ) {
    let graph = self.model.graph
    guard let op = facts.op(id), let input = graph[id].inputs.first ?? nil,
      let output = graph[id].outputs.first ?? nil, !graph.isCaptured(output)
    else { return }
    let tensors = graph[id].inputs.map { $0.flatMap { graph.constant($0) } }
    // What it reads in the model as it was: a node that quantizes may have gone from before it.
    let read = facts.graph[id].inputs.first.flatMap { $0 } ?? input
    let type =
      packed[input] ?? graph[input].initializer?.elementType
      ?? facts.operand(read).type.elementType
    let dequantizes = !type.isFloatingPoint && type != .undefined
    if !dequantizes { noteRange(id, op, graph, input, output) }
    let readers = graph[output].uses.compactMap(\.node)
    if tensors.first.map({ $0 != nil }) ?? false, !graph.isInput(input) {
      guard
        let results = try? evaluateConstant(
          op, label: graph.label(id), inputs: tensors, outputs: 1), let constant = results.first
      else { return }
      self.model.graph.remove(id)
      self.model.graph.setInitializer(output, constant)
      guard dequantizes else { return }
      note(readers, facts, graph, id, type, isFirst, isConstant: true)
    } else if graph.isOutput(output) {
      guard let maker = graph[input].producer, !graph.isOutput(input), !graph.isCaptured(input),
        let slot = graph[maker].outputs.firstIndex(of: input)
      else { return }
      if dequantizes { note([maker], facts, graph, id, type, isFirst, isConstant: false) }
      self.model.graph.remove(id)
      self.model.graph.replaceInputs(of: input, with: output)
      self.model.graph.setOutput(maker, slot: slot, to: output)
    } else {
      if dequantizes { note(readers, facts, graph, id, type, isFirst, isConstant: false) }
      self.model.graph.replaceInputs(of: output, with: input)
      self.model.graph.remove(id)
    }
  }

  /// What the numbers that a node quantizes to can stand for, for the node whose result they are.
  private mutating func noteRange(
    _ id: NodeID, _ op: any Operator, _ graph: Graph, _ input: ValueID, _ output: ValueID
  ) {
    guard let maker = graph[input].producer,
      let limits = Self.limits[self.type(of: output, graph, id)],
      let scale = graph[id].inputs[safe: 1]?.flatMap({ graph.constant($0)?.floats }),
      scale.count == 1
    else { return }
    let zero = graph[id].inputs[safe: 2]?.flatMap { graph.constant($0)?.integers?.first } ?? 0
    let ends = [limits.lowerBound, limits.upperBound].map { Float($0 - zero) * scale[0] }
    guard ends[0] <= ends[1], ranges[maker] == nil else { return }
    ranges[maker] = ends[0]...ends[1]
  }

  /// The type of quantized numbers: that of the zero-point.
  private func type(of output: ValueID, _ graph: Graph, _ id: NodeID) -> ElementType {
    graph[id].inputs[safe: 2]?.flatMap { graph.constant($0)?.elementType }
      ?? graph[output].tensorType?.elementType ?? .uint8
  }

  /// What quantized numbers can be.
  static let limits: [ElementType: ClosedRange<Int>] = [
    .uint8: 0...255, .int8: -128...127, .uint16: 0...65535, .int16: -32768...32767,
  ]

  private mutating func note(
    _ readers: [NodeID], _ facts: TypedGraph, _ graph: Graph, _ id: NodeID, _ type: ElementType,
    _ isFirst: Bool, isConstant: Bool
  ) {
    let scale = graph[id].inputs[safe: 1]?.flatMap { graph.constant($0) }
    let rank = graph[id].inputs[0].flatMap { graph.constant($0)?.dimensions.count } ?? 0
    for reader in Set(readers).sorted() {
      let output = graph[id].outputs[0].map { graph[$0].name } ?? ""
      let slot = facts.op(reader)?.linear(facts.inputs(reader))?.weight
      let isWeight =
        rank > 1
        || slot.flatMap { facts.graph[reader].inputs[safe: $0] } == graph[id].outputs[0]
      let part: Quantization.Part = !isConstant ? .activation : isWeight ? .weight : .bias
      notes.append(
        Note(
          reader,
          .quantized(
            Quantization(
              part: part, type: "\(type)", scales: scale?.count ?? 1, value: output,
              isInFirst: isFirst))))
    }
  }
}
