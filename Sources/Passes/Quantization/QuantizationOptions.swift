/// How to quantize.
public struct QuantizationOptions: Sendable {
  /// For which runtime: which operators it has integer kernels for, and in which form.
  public enum Profile: String, Sendable, CaseIterable {
    /// ONNX Runtime on x86: unsigned asymmetric activations, signed symmetric weights per channel that
    /// are right with and without VNNI.
    case ortX86 = "ort-x86"
    /// ONNX Runtime on x86 with VNNI: weights of all eight bits, which are wrong elsewhere.
    case ortVNNI = "ort-vnni"
    /// ONNX Runtime on Arm: signed activations.
    case ortArm = "ort-arm"
    /// TensorRT: symmetric, biases in float.
    case tensorrt
    /// OpenVINO.
    case openvino
    /// Qualcomm's neural processor.
    case qnn
    /// Every operator that has an integer form.
    case generic

    /// What the runtime computes in integers.
    package var target: QuantizationTarget {
      switch self {
      case .ortX86: .ortX86
      case .ortVNNI: .ortVNNI
      case .ortArm: .ortArm
      case .tensorrt: .tensorRT
      case .openvino: .openVINO
      case .qnn: .qnn
      case .generic: .generic
      }
    }
  }

  /// How ranges follow from the values seen.
  public enum Method: Hashable, Sendable {
    /// The least and the greatest value.
    case minmax
    /// The mean of the batches' least and greatest values.
    case movingAverage
    /// The range that holds this fraction of the values.
    case percentile(Double)
    /// The range in which the distribution of the rounded values is most like that of the values
    /// (Kullback and Leibler).
    case entropy
    /// The range with the least error.
    case mse
    /// For each value whichever of these loses least on samples that it was not fitted to.
    case auto
  }

  /// How weights are rounded.
  public enum Rounding: String, Sendable, CaseIterable {
    /// Each to the nearest integer.
    case nearest
    /// One after another, each making up for what those before it lost on calibration data.
    case gptq
  }

  /// For which runtime.
  public var profile = Profile.ortX86
  /// What the runtime computes in integers, in place of the profile's table.
  package var target: QuantizationTarget?
  /// How ranges follow from the values seen.
  public var method = Method.auto
  /// Names or patterns (`*` and `?`) of nodes, outputs or operators that stay in float.
  public var exclude: [String] = []

  /// How weights are rounded.
  public var rounding = Rounding.nearest
  /// Whether biases make up for what rounding shifts on calibration data.
  public var correctsBias = true
  /// Bits of a weight where not all that the target has; nil for these.
  public var weightBits: Int?
  /// Names or patterns of nodes, outputs or operators whose weights keep all bits that the target has,
  /// where `weightBits` says fewer.
  public var fullWeights: [String] = []
  /// Whether activations take 16 bits, where the profile has such integers.
  public var hasWideActivations = false
  /// Names or patterns of nodes, outputs or operators around which activations take 16 bits, where not
  /// all do.
  public var wide: [String] = []
  /// Whether activations of single layers could take 16 bits.
  public var offersWideActivations: Bool { !hasWideActivations && takesWideActivations }
  /// Whether the profile has activations of 16 bits.
  var takesWideActivations: Bool { (target ?? profile.target).wideActivations != nil }
  /// Whether weights could be stored in 4 bits, and nobody asked for a number of bits.
  public var takesPackedWeights: Bool {
    weightBits == nil && (target ?? profile.target).widensWeights
  }
  /// Whether weights are stored in 4 bits.
  var packsWeights: Bool {
    (weightBits ?? 8) <= WeightGrid.packedBits && (target ?? profile.target).widensWeights
  }
  /// The table that says what runs in integers.
  package var effectiveTarget: QuantizationTarget {
    var target = target ?? profile.target
    if hasWideActivations, let wide = target.wideActivations { target.activations = wide }
    guard let bits = weightBits, (2...8).contains(bits) else { return target }
    let peak = (1 << (bits - 1)) - 1
    return target.with {
      $0.weights = WeightGrid(
        peak: min(peak, $0.weights.peak), pairPeak: 2 * peak <= 128 ? nil : $0.weights.pairPeak)
    }
  }

  /// Options with defaults.
  public init() {}
}

extension QuantizationOptions.Profile {
  /// Whether weights may use all 8 bits: only where no pair of products saturates.
  public var usesAllBits: Bool { rawValue == "ort-vnni" }
}
