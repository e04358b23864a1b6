private import Glibc

/// Numbers as reports print them.
public enum NumberText {
  /// A number with a fixed count of digits behind the point; `inf` and `nan` spelled out.
  public static func decimal(_ value: Double, _ digits: Int) -> String {
    format("%.\(digits)f", value)
  }

  /// A number with two digits and an exponent: `1.2e-07`.
  public static func scientific(_ value: Double) -> String { format("%.1e", value) }

  private static func format(_ format: String, _ value: Double) -> String {
    guard !value.isNaN else { return "nan" }
    return withVaList([value]) { arguments in
      // The largest number has 309 digits before the point.
      withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { text in
        vsnprintf(text.baseAddress, text.count, format, arguments)
        return String(cString: text.baseAddress!)
      }
    }
  }
}
