package import IR

/// All that the project knows about one operator.
///
/// An implementation decodes its attributes once, at a given opset, and then states facts; engines
/// elsewhere (inference, executor, pruning, quantization, cost) act on them. Differences between
/// opsets are normalised in `init`.
package protocol Operator: Sendable, SendableMetatype {
  /// The operator's name and arity.
  static var schema: Schema { get }

  /// Decodes and validates the attributes.
  init(_ node: NodeView, opset: Int) throws(ModelError)

  /// Types of the outputs, and their values where these follow from shapes.
  func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred]

  /// The output of an operator that holds a constant in an attribute; nil for all others.
  var constantValue: Tensor? { get }

  /// Whether output 0 always equals input 0, so that the node can go.
  func isIdentity(_ inputs: Inputs, _ outputs: [TensorType]) -> Bool

  /// Whether the result for constants may be computed beforehand. False for random numbers, and for
  /// DequantizeLinear, which keeps a weight small.
  var isFoldable: Bool { get }

  /// Whether float16 and bfloat16 operands are widened to float before `evaluate` and its results
  /// rounded back; false for operators that take these types themselves.
  static var widensHalf: Bool { get }

  /// The graphs that the operator runs as parts of itself: subgraphs in its attributes, in the order
  /// of these, or the body of a function. None by default.
  var bodies: [Body] { get }

  /// Whether the operator only moves and compares elements, so that it takes strings as their ranks in
  /// dictionary order (`StringRanks`). False by default.
  static var takesStrings: Bool { get }

  /// Whether the operator takes elements of less than a byte as they lie in memory. False by
  /// default: they come and go as bytes.
  static var readsPackedElements: Bool { get }

  /// Computes the outputs with the reference kernels.
  func evaluate(_ context: inout Evaluation) throws(ModelError)

  /// How removing an index of an operand's axis spreads to the other operands (pruning.md).
  /// No default, on purpose.
  func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule

  /// What the operator does to numbers of 8 bits. What a runtime makes of it stands in that runtime's
  /// table (`QuantizationTarget`). Linear in its weight or, by default, free.
  func quantization(_ inputs: Inputs) -> QuantizationForm

  /// Multiply-accumulates for the given types, or nil when a length is not known.
  func macs(_ inputs: Inputs, _ outputs: [TensorType]) -> Int?

  /// How the operator is linear in one of its inputs; nil for those that are not, and for products of
  /// two activations. Nil by default.
  func linear(_ inputs: Inputs) -> LinearForm?

  /// How errors of the operands show in the output. `absolute` by default.
  var conditioning: Conditioning { get }

  /// The edits that the node needs when operands shrink.
  func resize(_ cut: Cut) throws(ModelError) -> [NodeEdit]

  /// Inputs whose constants are no trained parameters: running statistics, bounds, scales,
  /// zero-points. None by default.
  static var auxiliaryInputs: Set<Int> { get }

  /// Inputs whose constants are trained even where they have one element only, which elsewhere in
  /// elementwise arithmetic is a number of a formula. None by default.
  static var trainedInputs: Set<Int> { get }

  /// Inputs whose integer constants are quantized weights. None by default.
  static var quantizedInputs: Set<Int> { get }

  /// Whether the inputs may be given in any order. False by default.
  static var isCommutative: Bool { get }

  /// Attributes whose absence means the same as the given value, though the signature gives them no
  /// default. A list of one number stands for a list of any length with that number throughout. None
  /// by default.
  static func attributeDefaults(opset: Int) -> [String: AttributeValue]
}

extension Operator {
  package static var widensHalf: Bool { true }
  package static var takesStrings: Bool { false }
  package var bodies: [Body] { [] }
  package static var readsPackedElements: Bool { false }
  package var constantValue: Tensor? { nil }
  package var isFoldable: Bool { true }
  package func isIdentity(_ inputs: Inputs, _ outputs: [TensorType]) -> Bool { false }
  package func macs(_ inputs: Inputs, _ outputs: [TensorType]) -> Int? { 0 }
  package func linear(_ inputs: Inputs) -> LinearForm? { nil }
  package func quantization(_ inputs: Inputs) -> QuantizationForm {
    if let form = linear(inputs), form.kind != .scaling { return .linear(form) }
    return .free(inputs: Array(0..<inputs.count))
  }
  package var conditioning: Conditioning { .absolute }
  package func resize(_ cut: Cut) throws(ModelError) -> [NodeEdit] { [] }
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
