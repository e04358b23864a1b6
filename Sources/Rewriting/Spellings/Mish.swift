/// Mish: `x·tanh(softplus(x))`, its softplus an operator or spelled as well.
extension Spellings {
  package static let mish = [
    Spelling("Mish", .op("Mul", x, .op("Tanh", .op("Softplus", x)))),
    Spelling("Mish", .op("Mul", x, .op("Tanh", softplusOfX)), range: -1e30...80),
  ]
}
