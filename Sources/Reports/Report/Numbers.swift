private import Foundation

/// Numbers as reports print them.
public enum NumberText {
  /// A number with a fixed count of digits behind the point; `inf` and `nan` spelled out.
  public static func decimal(_ value: Double, _ digits: Int) -> String {
    String(format: "%.\(digits)f", value)
  }

  /// A number with two digits and an exponent: `1.2e-07`.
  public static func scientific(_ value: Double) -> String { String(format: "%.1e", value) }
}
