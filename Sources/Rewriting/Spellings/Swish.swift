/// Swish, also called SiLU: `x·sigmoid(x)`.
extension Spellings {
  package static let swish = [Spelling("Swish", .op("Mul", x, .op("Sigmoid", x)))]
}
