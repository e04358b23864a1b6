package import IR

/// Operators whose results are runs of their first input along axes.
package protocol Cutting: Operator {
  /// For each output the runs that it holds, by axis; nil where they are not known.
  func cuts(_ inputs: Inputs, _ outputs: [TensorType]) -> [[AxisRange]]?
}

/// Neighbouring indices along an axis.
package struct AxisRange: Hashable, Sendable {
  /// The axis, counted from the front.
  package let axis: Int
  /// The first index.
  package let start: Int
  /// How many there are.
  package let length: Int
}
