package import IR

/// All that the project knows about one operator.
///
/// An implementation decodes its attributes once, at a given opset, and then states facts; engines
/// elsewhere (inference, executor, pruning, quantization, cost) act on them. Differences between
/// opsets are normalised in `init`.
package protocol Operator: TypeFacet, EvaluationFacet, ComputationFacet, ChannelFacet, NumberFacet,
  GradientFacet, VersionFacet, LookupFacet, IntegerFacet, Sendable, SendableMetatype
{
  /// The operator's name and arity.
  static var schema: Schema { get }

  /// What is so of the operator whatever its attributes and operands. The defaults by default.
  static var traits: Traits { get }

  /// Decodes and validates the attributes.
  init(_ node: NodeView, opset: Int) throws(ModelError)
}

extension Operator {
  package static var traits: Traits { Traits() }
}

/// An operator's name, the opsets it is known for and the operands and attributes it takes.
package struct Schema: Sendable {
  package let op: OperatorName
  package let opsets: ClosedRange<Int>
  /// How many operands it takes, where there is no signature.
  package let inputs: ClosedRange<Int>
  package let outputs: ClosedRange<Int>
  /// Its operands and attributes at each opset; nil for operators that no schema of ONNX describes.
  package let signature: SignatureText?

  /// - Parameters:
  ///   - opsets: the versions of the domain's operator set in which the operator has the meaning
  ///     that its file implements.
  ///   - signature: what ONNX's schema says; a test compares it with libonnx's.
  package init(
    _ type: String, domain: String = "", opsets: ClosedRange<Int> = 7...28,
    signature: SignatureText
  ) {
    self.op = OperatorName(type, domain: domain)
    self.opsets = opsets
    self.signature = signature
    (inputs, outputs) = (0...Int.max, 0...Int.max)
  }

  /// - Parameters:
  ///   - opsets: the versions of the domain's operator set in which the operator has the meaning
  ///     that its file implements.
  ///   - inputs: the fewest and the most inputs; `.max` for variadic ones.
  package init(
    _ type: String, domain: String = "", opsets: ClosedRange<Int> = 7...28,
    inputs: ClosedRange<Int>, outputs: ClosedRange<Int> = 1...1
  ) {
    self.op = OperatorName(type, domain: domain)
    self.opsets = opsets
    self.inputs = inputs
    self.outputs = outputs
    signature = nil
  }
}

/// What inference says of one output.
package struct Inferred: Sendable {
  /// The type as far as known; nil when nothing is.
  package var valueType: ValueType?
  /// The elements of a small integer tensor, where they follow from shapes and constants.
  package var data: [Dimension]?

  package init(_ type: TensorType, data: [Dimension]? = nil) {
    self.init(value: type == .unknown ? nil : .tensor(type), data: data)
  }

  package init(_ elementType: ElementType, _ shape: Shape?, data: [Dimension]? = nil) {
    self.init(TensorType(elementType, shape), data: data)
  }

  package init(value: ValueType?, data: [Dimension]? = nil) {
    self.valueType = value
    self.data = data
  }

  /// What is known about a value.
  package init(_ operand: Operand) {
    self.init(
      value: operand.valueType,
      data: operand.constant?.integers.map { $0.map { .known($0) } } ?? operand.data)
  }

  /// The type of a tensor as far as known; unknown for other values.
  package var type: TensorType {
    get { valueType?.tensor ?? .unknown }
    set { valueType = .tensor(newValue) }
  }
}
