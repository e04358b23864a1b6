internal import IR
internal import Operators

/// LogSoftmax: `log(softmax(x))`, which as it is spelled underflows where elements lie far below the
/// largest. The axis is the Softmax's.
extension Spellings {
  package static let logSoftmax = Spelling(
    "LogSoftmax", .op("Log", .op("Softmax", x, name: "softmax")), range: -40...40
  ) { match in
    (match.operators["softmax"] as? Softmax).map { [Attribute("axis", .int($0.axis))] } ?? []
  } opset: { match in
    (match.operators["softmax"] as? Softmax).map { $0.flattens ? 12 : 13 }
  }
}
