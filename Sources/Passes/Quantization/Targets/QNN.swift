internal import IR

extension QuantizationTarget {
  /// Qualcomm's neural processor: every operator in integers that has such a form; products of matrices
  /// with one scale a weight, and no range below a ten-thousandth.
  package static let qnn = QuantizationTarget(
    name: "QNN",
    kernels: [
      "Gemm": .unless([
        .transposedActivation: "transA is not 0", .alpha: "alpha is not 1",
        .beta: "beta is not 1",
      ])
    ],
    reasons: ["Cast": "QNN converts numbers in float"]
  ).with {
    $0.takesAll = true
    $0.activations = ActivationGrid(.uint8, leastExtent: 1e-4)
    $0.wideActivations = ActivationGrid(.uint16, leastExtent: 1e-4)
    $0.perTensor = ["MatMul", "Gemm"]
  }
}
