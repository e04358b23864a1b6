/// What becomes of each node and the parameters of each value, as data: the same model, samples and
/// options give the same plan, byte for byte, and it can be replayed.
///
/// Scales of weights are not in it: they follow from the weights along the axis that it names, and
/// from the scale of what the weight is multiplied with where there is a bias.
public struct QuantizationPlan: PlanFile, Hashable, Sendable {
  /// The version of the format.
  public var schema = 2
  /// The hash of the model that the plan was made for.
  public var model: String
  /// The runtime that it was made for.
  public var profile: String
  /// The number of samples that the ranges come from.
  public var samples: Int
  /// Every node of the simplified model, in order.
  public var nodes: [Node]
  /// The values that are quantized, in the order of the simplified model.
  public var values: [Value]
  /// What evens out channels before; nil where nothing does.
  public var smoothing: Smoothing?
  /// The bodies that nodes run; nil where there are none, or none is quantized.
  public var bodies: [Body]?

  /// What becomes of a body, as of a model of its own.
  public struct Body: Codable, Hashable, Sendable {
    /// The node, by operator and name.
    public var node: String
    /// The name of its first output.
    public var output: String
    /// The attribute that holds the body.
    public var attribute: String
    /// What becomes of the nodes of the body.
    public var plan: QuantizationPlan
  }

  /// What becomes of a node.
  public struct Node: Codable, Hashable, Sendable {
    /// The form that a node takes.
    public enum Form: String, Codable, Sendable {
      /// Its weight and bias are quantized too.
      case weighted
      /// Its inputs and outputs are quantized.
      case integer
      /// It vanishes into the operator before it.
      case absorbed
      /// It stays in float.
      case float
    }

    /// The node, by operator and name.
    public var node: String
    /// The name of its first output.
    public var output: String
    /// What becomes of it.
    public var form: Form
    /// Why it stays in float.
    public var reason: String?
    /// The input that is multiplied with the weight, by position.
    public var activation: Int?
    /// The weight, by position.
    public var weight: Int?
    /// The axis of the weight's scales; nil for one scale.
    public var axis: Int?
    /// The bias, by position; nil where there is none or it stays in float.
    public var bias: Int?
    /// The axes of the weight that are summed over, the innermost last.
    public var contraction: [Int]?
    /// The largest magnitude of the weight's integers.
    public var peak: Int?
    /// The largest sum of two neighbours along the contraction that have one sign.
    public var pairPeak: Int?
    /// Whether several products make a sum.
    public var pairs: Bool
    /// The bias in place of the model's.
    public var biases: [Float]?

    private enum CodingKeys: String, CodingKey {
      case node, output, form, reason, activation, weight, axis, bias, contraction, peak, pairs
      case biases
      case pairPeak = "pair_peak"
    }
  }

  /// How a value is quantized.
  public struct Value: Codable, Hashable, Sendable {
    /// The value's name.
    public var value: String
    /// What one step is worth.
    public var scale: Float
    /// The integer that stands for 0.
    public var zeroPoint: Int
    /// The type of the integers, as ONNX names it.
    public var type: String

    private enum CodingKeys: String, CodingKey {
      case value, scale, type
      case zeroPoint = "zero_point"
    }
  }

  /// Whether it has integers of 16 bits.
  public var hasWideActivations: Bool {
    values.contains { $0.type.hasSuffix("int16") }
      || bodies?.contains { $0.plan.hasWideActivations } ?? false
  }

  /// The bits of its weights, where they are few enough to be stored as such.
  public var weightBits: Int? {
    let peaks = nodes.filter { $0.form == .weighted }.compactMap(\.peak)
    return peaks.contains { $0 <= WeightGrid.packedPeak } ? WeightGrid.packedBits : nil
  }

  /// The outputs of all nodes whose weights are quantized, those in bodies too.
  public var weightedOutputs: [String] {
    nodes.filter { $0.form == .weighted }.map(\.output)
      + (bodies ?? []).flatMap(\.plan.weightedOutputs)
  }

  /// Whether a processor before VNNI may compute something else than others.
  public var maySaturate: Bool {
    nodes.contains { $0.form == .weighted && $0.pairPeak == nil && ($0.peak ?? 0) > 64 && $0.pairs }
      || bodies?.contains { $0.plan.maySaturate } ?? false
  }

  /// What errors call the plan.
  public static let subject = "a quantization plan"
  /// The version of the format that is read.
  public static let version = 2
  /// Whether slashes in names are written with a backslash before them.
  public static let escapesSlashes = false

  init(
    model: String, profile: String, samples: Int, nodes: [Node], values: [Value],
    smoothing: Smoothing? = nil
  ) {
    self.smoothing = smoothing
    self.model = model
    self.profile = profile
    self.samples = samples
    self.nodes = nodes
    self.values = values
  }
}
