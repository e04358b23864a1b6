package import IR

/// Changes that many operators share.
extension Revision {
  /// The version added attributes, inputs or outputs that may be left out, and leaving them out means
  /// what the operator meant before.
  package static func additive(_ opset: Int) -> Revision {
    Revision(opset, down: { edit throws(ModelError) in try edit.takeAway(addedBy: opset) })
  }

  /// The version gave an attribute further values beside `known`.
  package static func values(
    of name: String, before opset: Int, _ known: Set<String>
  ) -> Revision {
    Revision(
      opset,
      down: { edit throws(ModelError) in
        guard let value = edit.attribute(name) else { return }
        guard case .string(let bytes) = value else {
          throw edit.decline("attribute '\(name)' is no constant string")
        }
        let word = String(decoding: bytes, as: UTF8.self)
        guard known.contains(word) else {
          throw edit.decline("\(name) '\(word)' came with operator set \(opset)")
        }
      })
  }

  /// Since the version (11) axes may be counted from the end.
  ///
  /// - Parameter output: whether they count the axes of the output, else of input 0.
  package static func negativeAxes(_ name: String, ofOutput output: Bool = false) -> Revision {
    Revision(
      11,
      down: { edit throws(ModelError) in try edit.countFromFront(name, ofOutput: output) },
      even: { edit throws(ModelError) in
        try edit.countFromFront(name, ofOutput: output)
        try edit.countImpliedFromFront(name, ofOutput: output)
      })
  }

  /// Since the version operands of different shapes are stretched to fit.
  package static func stretching(_ opset: Int) -> Revision {
    Revision(
      opset,
      down: { edit throws(ModelError) in
        let shapes = edit.graph[edit.node].inputs.map { edit.type(of: $0).shape }
        guard let first = shapes.first, first != nil, shapes.allSatisfy({ $0 == first }),
          first?.known != nil || shapes.count == 1
        else {
          throw edit.decline("operands of different shapes came with operator set \(opset)")
        }
      })
  }

  /// Up to the version before, the operator had another name.
  package static func renamed(_ opset: Int, from old: String, to new: String) -> Revision {
    Revision(opset, up: { edit in edit.become(new) }, down: { edit in edit.become(old) })
  }
}

extension VersionEdit {
  /// Counts the axes that an attribute states from the front.
  fileprivate mutating func countFromFront(
    _ name: String, ofOutput: Bool
  ) throws(ModelError) {
    switch attribute(name) {
    case .int(let axis) where axis < 0: set(name, .int(try counted([axis], ofOutput)[0]))
    case .ints(let axes) where axes.contains { $0 < 0 }:
      set(name, .ints(try counted(axes, ofOutput)))
    default: break
    }
  }

  /// Counts the axes that leaving the attribute out means from the front, or those of the constant
  /// operand that it became.
  fileprivate mutating func countImpliedFromFront(
    _ name: String, ofOutput: Bool
  ) throws(ModelError) {
    guard attribute(name) == nil else { return }
    switch Registry.defaults(of: graph[node].op, opset: version)[name] {
    case .int(let axis) where axis < 0: set(name, .int(try counted([axis], ofOutput)[0]))
    case nil where isOperand(name):
      guard let list = constant(1), list.elementType == .int64, let axes = list.integers,
        axes.contains(where: { $0 < 0 }) || axes != axes.sorted()
      else { return }
      let positive = Tensor(int64: try counted(axes, ofOutput), list.dimensions)
      setInput(1, addConstant(positive, name))
    default: break
    }
  }

  /// The axes from the front, in ascending order, which no operator with several tells from another.
  private func counted(_ axes: [Int], _ ofOutput: Bool) throws(ModelError) -> [Int] {
    let value = ofOutput ? graph[node].outputs[safe: 0] ?? nil : input(0)
    let rank = type(of: value).shape?.rank
    var positive: [Int] = []
    for axis in axes {
      guard axis < 0 else {
        positive.append(axis)
        continue
      }
      guard let rank, axis + rank >= 0 else {
        throw decline("axis \(axis) counts from the end of an unknown number of axes")
      }
      positive.append(axis + rank)
    }
    return positive.sorted()
  }

  /// Whether an attribute of the operator's first versions is an operand now.
  private func isOperand(_ name: String) -> Bool {
    let signature = Registry.signature(of: graph[node].op, opset: version)
    return signature.map { !$0.attributes.contains { $0.name == name } } ?? false
  }

  /// Takes away what a version added, where it says what the version before meant.
  fileprivate mutating func takeAway(addedBy opset: Int) throws(ModelError) {
    let op = graph[node].op
    guard let old = Registry.signature(of: op, opset: opset - 1),
      let new = Registry.signature(of: op, opset: opset)
    else { throw decline("the operator came with operator set \(opset)") }
    let defaults = Registry.defaults(of: op, opset: opset)
    for attribute in graph[node].attributes {
      let name = attribute.name
      guard !old.attributes.contains(where: { $0.name == name }),
        new.attributes.contains(where: { $0.name == name })
      else { continue }
      guard let usual = defaults[name], attribute.value.says(usual) else {
        throw decline("attribute '\(name)' came with operator set \(opset)")
      }
      set(name, nil)
    }
    for slot in graph[node].inputs.indices where slot >= old.inputCount.upperBound {
      guard input(slot) == nil else {
        throw decline("input \(slot) came with operator set \(opset)")
      }
    }
    for slot in graph[node].outputs.indices where slot >= old.outputCount.upperBound {
      guard !isRead(output: slot) else {
        throw decline("output \(slot) came with operator set \(opset)")
      }
    }
    if graph[node].outputs.count > old.outputCount.upperBound {
      truncateOutputs(to: old.outputCount.upperBound)
    }
    for slot in 0..<old.inputCount.lowerBound where input(slot) == nil {
      throw decline("input \(slot) may be left out since operator set \(opset)")
    }
  }
}

extension AttributeValue {
  /// Whether the value is the given one; a list of one number stands for a list of any length.
  package func says(_ usual: AttributeValue) -> Bool {
    switch (self, usual) {
    case (.int(let a), .int(let b)): a == b
    case (.float(let a), .float(let b)): a == b
    case (.string(let a), .string(let b)): a == b
    case (.strings(let a), .strings(let b)): a == b
    case (.ints(let a), .ints(let b)):
      a == b || b.count == 1 && a.allSatisfy { $0 == b[0] }
    case (.floats(let a), .floats(let b)): a == b
    default: false
    }
  }
}
