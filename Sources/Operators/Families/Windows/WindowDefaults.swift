import IR

/// What leaving out a list of a convolution or pooling means, whatever its rank; no schema says so.
let windowDefaults: [String: AttributeValue] = [
  "dilations": .ints([1]),
  "pads": .ints([0]),
  "strides": .ints([1]),
]

extension [String: AttributeValue] {
  /// These defaults and those of one operator.
  func adding(_ others: [String: AttributeValue]) -> Self { merging(others) { $1 } }
}
