internal import IR
private import Glibc

/// How near two rows of features lie to each other.
struct SupportKernel: Sendable {
  private enum Kind: String, CaseIterable {
    case linear = "LINEAR"
    case polynomial = "POLY"
    case radial = "RBF"
    case sigmoid = "SIGMOID"
  }

  private let kind: Kind
  private let gamma: Double
  private let shift: Double
  private let degree: Double

  init(_ node: NodeView) throws(ModelError) {
    kind = try node.choice("kernel_type", default: .linear)
    let given = (try node.floats("kernel_params") ?? []).map { Double($0) }
    guard given.count == 3 || given.isEmpty else {
      throw node.mismatch(
        "kernel_params", expected: "gamma, coef0 and degree", found: "\(given.count) numbers")
    }
    (gamma, shift, degree) = given.isEmpty ? (0, 0, 0) : (given[0], given[1], given[2])
  }

  func value(_ a: ArraySlice<Double>, _ b: ArraySlice<Double>) -> Double {
    let product = zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
    switch kind {
    case .linear: return product
    case .polynomial: return pow(gamma * product + shift, degree)
    case .radial: return exp(-gamma * zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) })
    case .sigmoid: return tanh(gamma * product + shift)
    }
  }
}
