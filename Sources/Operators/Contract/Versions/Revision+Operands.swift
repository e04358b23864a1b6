package import IR

/// Attributes that became inputs.
extension Revision {
  /// What an attribute is as an input.
  package enum OperandForm: Sendable {
    /// int64, one axis.
    case list
    /// The same, where an empty list means none.
    case listOrNone
    /// An integer as int64 with one element along one axis.
    case single
    /// An integer as an int64 scalar.
    case scalar
    /// float, one axis.
    case floats
    /// A float scalar.
    case ratio
    /// A scalar of the type of input 0.
    case number
  }

  /// The version made an attribute an input, which may be left out where the attribute could.
  package static func operand(
    _ name: String, becomes slot: Int, as form: OperandForm, from opset: Int
  ) -> Revision {
    Revision(
      opset,
      up: { edit throws(ModelError) in try edit.makeInput(name, slot, form) },
      down: { edit throws(ModelError) in try edit.makeAttribute(name, slot, form, opset) })
  }
}

extension VersionEdit {
  fileprivate mutating func makeInput(
    _ name: String, _ slot: Int, _ form: Revision.OperandForm
  ) throws(ModelError) {
    guard let value = attribute(name) else { return }
    if case .reference = value {
      try makeInput(fromReference: value, name, slot, form)
      return
    }
    guard let tensor = operand(value, form) else {
      throw decline("attribute '\(name)' is \(value.kindName), or its type is not known")
    }
    set(name, nil)
    if case .listOrNone = form, tensor.count == 0 { return }
    setInput(slot, addConstant(tensor, name))
  }

  /// The caller of a function gives the attribute: a Constant that refers to it stands for it.
  private mutating func makeInput(
    fromReference value: AttributeValue, _ name: String, _ slot: Int, _ form: Revision.OperandForm
  ) throws(ModelError) {
    let kinds: (name: String, kind: Int32)?
    switch form {
    case .list, .listOrNone: kinds = ("value_ints", 7)
    case .scalar: kinds = ("value_int", 2)
    case .floats: kinds = ("value_floats", 6)
    case .ratio: kinds = ("value_float", 1)
    case .single, .number: kinds = nil
    }
    guard let kinds, version >= Constant.valuesOpset else {
      throw decline("attribute '\(name)' is given by the caller of a function")
    }
    var attribute = Attribute(kinds.name, value)
    attribute.kind = kinds.kind
    set(name, nil)
    setInput(slot, before(Constant.schema.op.type, [], [attribute]))
  }

  private func operand(_ value: AttributeValue, _ form: Revision.OperandForm) -> Tensor? {
    switch (form, value) {
    case (.list, .ints(let list)), (.listOrNone, .ints(let list)):
      Tensor(int64: list, [list.count])
    case (.list, .opaque), (.listOrNone, .opaque): Tensor(int64: [], [0])
    case (.single, .int(let number)): Tensor(int64: [number], [1])
    case (.scalar, .int(let number)): Tensor(int64: [number], [])
    case (.floats, .floats(let list)): Tensor(floats: list, [list.count])
    case (.ratio, .float(let number)): Tensor(floats: [number], [])
    case (.number, .float(let number)): Tensor(scalar: number, type(0).elementType)
    default: nil
    }
  }

  fileprivate mutating func makeAttribute(
    _ name: String, _ slot: Int, _ form: Revision.OperandForm, _ opset: Int
  ) throws(ModelError) {
    guard input(slot) != nil else { return }
    guard let tensor = constant(slot) else {
      throw decline(
        "input \(slot) is no constant, as '\(name)' had to be before operator set \(opset)")
    }
    guard let value = attribute(tensor, form) else {
      throw decline("input \(slot) does not fit the attribute '\(name)' that it was")
    }
    setInput(slot, nil)
    if case .listOrNone = form, tensor.count == 0 { return }
    set(name, value)
  }

  private func attribute(_ tensor: Tensor, _ form: Revision.OperandForm) -> AttributeValue? {
    switch form {
    case .list, .listOrNone: return tensor.integers.map { .ints($0) }
    case .single, .scalar:
      return tensor.count == 1 ? tensor.integers?.first.map { .int($0) } : nil
    case .floats: return tensor.floats.map { .floats($0) }
    case .ratio, .number:
      guard tensor.count == 1, let exact = tensor.doubles?.first else { return nil }
      return Double(Float(exact)) == exact || exact.isNaN ? .float(Float(exact)) : nil
    }
  }
}

extension Tensor {
  /// A scalar of a floating-point type; nil for other types.
  package init?(scalar value: Float, _ type: ElementType) {
    switch type {
    case .float: self.init(floats: [value], [])
    case .double: self.init(.double, [], Storage([Double(value)]))
    case .float16: self.init(.float16, [], Storage([Float16(value).bitPattern]))
    case .bfloat16:
      guard let half = Tensor.bfloat16([value], []) else { return nil }
      self = half
    default: return nil
    }
  }

  /// Floats rounded to bfloat16, half to even; NaN stays NaN.
  package static func bfloat16(_ values: [Float], _ dimensions: [Int]) -> Tensor? {
    let bits = values.map { value -> UInt16 in
      guard !value.isNaN else { return 0x7FC0 }
      let pattern = value.bitPattern
      return UInt16((pattern &+ 0x7FFF &+ (pattern >> 16 & 1)) >> 16)
    }
    return Tensor(.bfloat16, dimensions, Storage(bits))
  }
}
