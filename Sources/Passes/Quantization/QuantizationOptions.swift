/// How to quantize.
public struct QuantizationOptions: Sendable {
  /// For which runtime: which operators it has integer kernels for, and in which form.
  public enum Profile: String, Sendable, CaseIterable {
    /// ONNX Runtime on x86: unsigned asymmetric activations, signed symmetric weights per channel.
    case ortX86 = "ort-x86"

    /// What the runtime computes in integers.
    package var target: QuantizationTarget {
      switch self {
      case .ortX86: .onnxRuntime
      }
    }
  }

  /// How ranges follow from the values seen.
  public enum Method: Hashable, Sendable {
    /// The least and the greatest value.
    case minmax
    /// The range that holds this fraction of the values.
    case percentile(Double)
  }

  /// For which runtime.
  public var profile = Profile.ortX86
  /// What the runtime computes in integers, in place of the profile's table.
  package var target: QuantizationTarget?
  /// How ranges follow from the values seen.
  public var method = Method.minmax
  /// Names or patterns (`*` and `?`) of nodes, outputs or operators that stay in float.
  public var exclude: [String] = []

  /// Options with defaults.
  public init() {}
}
