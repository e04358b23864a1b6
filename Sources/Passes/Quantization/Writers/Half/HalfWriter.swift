internal import IR
internal import Kernels
internal import Operators

/// Writes a choice of nodes in 16 bits into a model.
struct HalfWriter {
  private(set) var editor: EncodingEditor
  private(set) var notes: [String] = []
  private let encoding: HalfEncoding
  private let choice: HalfChoice
  private let half: ElementType
  /// The 16-bit form of values, and the float form of those that changed.
  private var halves: [ValueID: ValueID] = [:]
  private var floats: [ValueID: ValueID] = [:]
  /// Constants of which elements were too large or too small.
  private var clamped = 0

  init(_ editor: EncodingEditor, _ encoding: HalfEncoding, _ choice: HalfChoice) {
    self.editor = editor
    self.encoding = encoding
    self.choice = choice
    half = encoding.type.elementType
  }

  mutating func run() {
    let graph = editor.facts.graph
    if !encoding.keepsInterface { convertInputs() }
    for id in graph.nodeIDs {
      switch choice.decisions[id] {
      case .half(let inputs):
        writeInputs(id, inputs)
        writeOutputs(id)
        // Others only look at what has become of 16 bits.
        if graph[id].outputs.contains(where: { $0.map(isFloat) ?? false }) {
          editor.took(encoding.type.rawValue, id)
        }
      case .float(let reason):
        writeFloatInputs(id)
        if !reason.isEmpty { editor.stayed(id, reason) }
      case .apart, nil: break
      }
    }
    if !encoding.keepsInterface { convertOutputs() }
    removeUnreadCasts()
    updateDeclarations()
    if clamped > 0 {
      notes.append("\(clamped) constants have elements that were brought into the range of \(half)")
    }
  }

  private func isFloat(_ value: ValueID) -> Bool {
    editor.facts.graph[value].tensorType?.elementType == .float
  }

  /// Conversions that others have taken the place of go.
  private mutating func removeUnreadCasts() {
    let graph = editor.facts.graph
    for id in graph.nodeIDs where EncodingNodes.isCast(graph[id]) {
      guard let output = graph[id].outputs.first ?? nil,
        !graph[output].uses.isEmpty, editor.model.graph[output].uses.isEmpty
      else { continue }
      editor.model.graph.remove(id)
    }
  }

  // MARK: Operands

  private mutating func writeInputs(_ id: NodeID, _ slots: Set<Int>) {
    for slot in editor.facts.graph[id].inputs.indices {
      guard let value = editor.facts.graph[id].inputs[slot], isFloat(value) else { continue }
      let own = slots.contains(slot) ? inHalf(value) : inFloat(value)
      if own != value { editor.model.graph.setInput(id, slot: slot, to: own) }
    }
  }

  private mutating func writeFloatInputs(_ id: NodeID) {
    for slot in editor.facts.graph[id].inputs.indices {
      guard let value = editor.facts.graph[id].inputs[slot], isFloat(value) else { continue }
      let own = inFloat(value)
      if own != value { editor.model.graph.setInput(id, slot: slot, to: own) }
    }
  }

  /// The value in 16 bits.
  private mutating func inHalf(_ value: ValueID) -> ValueID {
    if let known = halves[value] { return known }
    let name = editor.name(value)
    let result: ValueID
    if let tensor = editor.facts.constant(value), let own = rounded(tensor) {
      result = editor.addConstant("\(name)_\(half)", own)
    } else {
      let type = editor.facts.graph[value].tensorType
      result = editor.addValue("\(name)_\(half)", half, type?.shape)
      editor.model.graph.add(
        SurgeryNodes.cast(
          castSource(value) ?? value, to: half, into: result, name: "\(name)_to_\(half)"))
    }
    halves[value] = result
    return result
  }

  /// What a node converts to the value, where that is all that the node does.
  private func castSource(_ value: ValueID) -> ValueID? {
    guard let producer = editor.facts.graph[value].producer,
      EncodingNodes.isCast(editor.facts.graph[producer])
    else { return nil }
    let source = editor.facts.graph[producer].inputs.first ?? nil
    // Of what was a float before, 16 bits may be another number.
    return source.flatMap { isFloat($0) ? nil : $0 }
  }

  /// The value in float.
  private mutating func inFloat(_ value: ValueID) -> ValueID {
    guard halves[value] == value else { return value }
    if let known = floats[value] { return known }
    let name = editor.name(value)
    let result = editor.addValue(
      "\(name)_float", .float, editor.facts.graph[value].tensorType?.shape)
    editor.model.graph.add(
      SurgeryNodes.cast(value, to: .float, into: result, name: "\(name)_to_float"))
    floats[value] = result
    return result
  }

  // MARK: Results

  /// Results become of 16 bits under their names. Those that a graph gives out, or that graphs in
  /// nodes read by name, keep name and type and are converted.
  private mutating func writeOutputs(_ id: NodeID) {
    for slot in editor.facts.graph[id].outputs.indices {
      guard let value = editor.facts.graph[id].outputs[slot], isFloat(value) else { continue }
      let graph = editor.facts.graph
      let staysFloat =
        encoding.keepsInterface && graph.isOutput(value) || graph.isCaptured(value)
      guard staysFloat else {
        setType(value)
        halves[value] = value
        continue
      }
      let name = editor.name(value)
      let inner = editor.addValue("\(name)_\(half)", half, graph[value].tensorType?.shape)
      editor.model.graph.setOutput(id, slot: slot, to: inner)
      editor.model.graph.add(
        SurgeryNodes.cast(inner, to: .float, into: value, name: "\(name)_to_float"))
      halves[value] = inner
    }
  }

  private mutating func setType(_ value: ValueID) {
    let shape = editor.facts.graph[value].tensorType?.shape
    editor.model.graph.setType(value, .tensor(TensorType(half, shape)))
  }

  // MARK: The interface

  private mutating func convertInputs() {
    let graph = editor.facts.graph
    for (index, info) in graph.inputs.enumerated() where isFloat(info.value) {
      guard !graph.isCaptured(info.value), graph[info.value].initializer == nil else { continue }
      setType(info.value)
      let shape = graph[info.value].tensorType?.shape
      editor.model.graph.setInputType(index, .tensor(TensorType(half, shape)))
      halves[info.value] = info.value
    }
  }

  private mutating func convertOutputs() {
    let graph = editor.facts.graph
    for (index, info) in graph.outputs.enumerated() where halves[info.value] == info.value {
      editor.model.graph.setOutputType(
        index, .tensor(TensorType(half, info.type?.tensor?.shape)))
    }
  }

  /// Declarations of values that changed their type say so.
  private mutating func updateDeclarations() {
    for index in editor.model.graph.valueInfos.indices {
      let info = editor.model.graph.valueInfos[index]
      guard halves[info.value] == info.value, let type = info.type?.tensor else { continue }
      editor.model.graph.valueInfos[index].type = .tensor(TensorType(half, type.shape))
    }
  }

  // MARK: Constants

  /// The tensor in 16 bits: finite elements stay finite, and those that are not zero stay so.
  private mutating func rounded(_ tensor: Tensor) -> Tensor? {
    guard let values = tensor.floats else { return nil }
    guard half == .float16 else { return Tensor.bfloat16(values, tensor.dimensions) }
    let (greatest, least) = (Float(65504), Float(Float16.leastNonzeroMagnitude))
    var changed = false
    let bits = values.map { value -> UInt16 in
      var own = value
      if value.isFinite && value.magnitude > greatest {
        own = value < 0 ? -greatest : greatest
      } else if value != 0 && value.magnitude < least {
        own = value < 0 ? -least : least
      }
      changed = changed || own != value && !value.isNaN
      return Float16(own).bitPattern
    }
    if changed { clamped += 1 }
    return Tensor(.float16, tensor.dimensions, Storage(bits))
  }
}
