import IR

/// What leaving out an attribute of a convolution or pooling means, whatever its rank.
let windowDefaults: [String: AttributeValue] = [
  "auto_pad": .string(Array("NOTSET".utf8)),
  "dilations": .ints([1]),
  "pads": .ints([0]),
  "strides": .ints([1]),
]

extension [String: AttributeValue] {
  /// These defaults and those of one operator.
  func adding(_ others: [String: AttributeValue]) -> Self { merging(others) { $1 } }
}
