package import IR

/// Facts about an operator as such that cost tables and the semantic diff need. They are
/// requirements of `Operator` with defaults, so that an operator's file states only what differs.
extension Operator {
  package static var auxiliaryInputs: Set<Int> { [] }
  package static var trainedInputs: Set<Int> { [] }
  package static var quantizedInputs: Set<Int> { [] }
  package static var isCommutative: Bool { false }
  package static func attributeDefaults(opset: Int) -> [String: AttributeValue] { [:] }
}
