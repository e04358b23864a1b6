extension QuantizationTarget {
  /// OpenVINO on x86 processors: unsigned bytes, weights of seven bits per channel, since its kernels
  /// add up pairs of products in an order of their own.
  package static let openVINO = QuantizationTarget(
    name: "OpenVINO",
    kernels: [
      "Conv": .always, "ConvTranspose": .always,
      "Gemm": .ofGemm,
      "MatMul": .ofMatMul,
      "Add": .always, "Mul": .always, "Relu": .always, "Clip": .always,
      "AveragePool": .always, "GlobalAveragePool": .always, "MaxPool": .always,
      "ReduceMax": .always, "Concat": .always,
      "Flatten": .always, "Reshape": .always, "Squeeze": .always, "Unsqueeze": .always,
      "Identity": .always, "Transpose": .always, "Slice": .always, "Split": .always,
      "DepthToSpace": .always, "SpaceToDepth": .always, "Tile": .always, "Expand": .always,
      "Gather": .always, "Resize": .ofMovement,
    ],
    reasons: ["Softmax": "OpenVINO computes exponentials in float"]
  ).with {
    $0.weights = .sevenBits
    $0.quantizesBias = false
  }
}
