internal import Kernels
internal import Operators

extension Step {
  /// A step that stands for several.
  ///
  /// - Parameters:
  ///   - node: the one of them whose node and label it has.
  ///   - op: the operator that it computes; nil for the node's.
  init(
    _ node: Step, op: (any Operator)? = nil, inputs: [Int?], outputs: [Int?], form: StepForm,
    parts: [Step]
  ) {
    self.init(
      node: node.node, label: node.label, op: op ?? node.op, signature: nil, valueOp: nil,
      inputs: inputs,
      outputs: outputs, captures: [], bodies: [])
    self.form = form
    self.parts = parts
  }
}

extension Step {
  /// The function of its two inputs that the step's operator computes; nil where it does not.
  var binaryFunction: BinaryFunction? { op.computation?.binaryFunction(of: inputs.count) }
}
