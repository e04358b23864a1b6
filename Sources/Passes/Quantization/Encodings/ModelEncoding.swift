public import Execution
public import IR
internal import Operators
public import Samples

/// A form that a model takes in fewer bits without ranges from data.
///
/// Integers for activations that are known beforehand need calibration and have a class of their own,
/// `Quantizer`.
public protocol ModelEncoding: Sendable {
  /// Writes the model's main graph in the form; bodies of nodes are left to `encode`.
  ///
  /// - Parameter samples: what the model may be run on where that helps.
  /// - Throws: `ModelError` for a model that cannot be said in the operator set that the form needs.
  func encodeGraph(
    of model: Model, on samples: EncodingSamples?
  ) throws(ModelError) -> EncodedModel

  /// Names or patterns of nodes, outputs or operators that stay as they are, with their bodies.
  var exclude: [String] { get }

  /// The form for a body, whose inputs and outputs must keep their types.
  var forBody: Self { get }
}

extension ModelEncoding {
  /// Nothing.
  public var exclude: [String] { [] }

  /// The same form.
  public var forBody: Self { self }
}

/// What a model is run on while it is encoded.
public struct EncodingSamples: Sendable {
  /// The samples.
  public let run: SampleRun
  /// How the model is run.
  public let options: SessionOptions

  /// The first samples of a data set.
  public init(_ data: Dataset, for model: Model, limit: Int = 256, options: SessionOptions) {
    self.init(SampleRun(data, for: model, limit: limit), options: options)
  }

  init(_ run: SampleRun, options: SessionOptions) {
    self.run = run
    self.options = options
  }
}

/// What became of a model that was encoded.
public struct EncodedModel: Sendable {
  /// The model in fewer bits.
  public var model: Model
  /// Every node of the model as it was encoded, in order.
  public var nodes: [EncodedNode]
  /// What a reader of the report should know, a line each.
  public var notes: [String]
}

/// What became of one node.
public struct EncodedNode: Hashable, Sendable {
  /// Operator and name.
  public let node: String
  /// The operator.
  public let op: OperatorName
  /// The node's own name.
  public let name: String?
  /// The name of its first output.
  public let output: String
  /// The form that it took; nil where it stayed as it was.
  public var form: String?
  /// Why it stayed as it was; nil where it took a form or there was nothing to encode.
  public var reason: String?
}

/// For which runtime a model is encoded.
public enum EncodingTarget: String, Sendable, CaseIterable {
  /// Any runtime: ONNX's own operators.
  case onnx
  /// ONNX Runtime: its own operators where they help.
  case onnxruntime
}

extension Model {
  /// The model simplified, so that nothing is encoded that folds away, and in an operator set that
  /// has what the encoding needs.
  ///
  /// - Returns: the model, and what is to be said of it.
  func prepared(opset needed: Int) throws(ModelError) -> (model: Model, notes: [String]) {
    var model = self
    try FunctionInlining().run(&model)
    _ = try PassManager(try Simplify.passes()).run(&model)
    return try model.raised(to: needed)
  }

  /// Raises the model to the operator set in which weights take a scale a channel. A model that cannot
  /// be raised stays where weights take one scale each, or is refused.
  ///
  /// - Parameters:
  ///   - wide: whether integers of 16 bits are needed, without which the model is refused.
  ///   - packed: whether integers of 4 bits are wanted; 8 serve where the model cannot be raised so far.
  /// - Returns: what is to be said of it.
  mutating func raise(wide: Bool, packed: Bool) throws(ModelError) -> [String] {
    do {
      let needed =
        wide
        ? QuantizationNodes.wideOpset
        : packed ? QuantizationNodes.packedOpset : QuantizationNodes.perChannelOpset
      let raised = try raised(to: needed)
      self = raised.model
      return raised.notes
    } catch {
      guard !wide else { throw error }
      if packed {
        return ["weights of 4 bits are stored in 8: \(error.message)"]
          + (try raise(wide: false, packed: false))
      }
      guard let opset = opset(), opset >= QuantizationNodes.perTensorOpset else { throw error }
      return ["each weight takes one scale: \(error.message)"]
    }
  }

  /// The model in an operator set of at least the version.
  ///
  /// - Returns: the model, and what is to be said of it.
  func raised(to needed: Int) throws(ModelError) -> (model: Model, notes: [String]) {
    guard let opset = opset(), opset < needed else { return (self, []) }
    let result = try OpsetConversion(to: needed).convert(self)
    return (
      result.model,
      [
        "raised from operator set \(opset) to \(needed), which the encoding needs: \(result.rewritten.count) nodes rewritten"
      ]
    )
  }
}
