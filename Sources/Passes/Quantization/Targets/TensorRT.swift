extension QuantizationTarget {
  /// TensorRT: signed bytes around 0 throughout, weights per channel, biases in float. At an addition
  /// it fuses what was computed just before; all operands are quantized.
  package static let tensorRT = QuantizationTarget(
    name: "TensorRT",
    kernels: [
      "Conv": .always, "ConvTranspose": .always,
      "Gemm": .ofGemm,
      "MatMul": .ofMatMul,
      "Add": .always, "Relu": .always, "Clip": .always,
      "AveragePool": .always, "GlobalAveragePool": .always,
      "MaxPool": .always, "Concat": .always,
      "Flatten": .always, "Reshape": .always, "Squeeze": .always, "Unsqueeze": .always,
      "Identity": .always, "Transpose": .always, "Slice": .always, "Resize": .ofMovement,
    ],
    reasons: [
      "Softmax": "TensorRT computes exponentials in float",
      "Sigmoid": "TensorRT computes exponentials in float",
      "LayerNormalization": "TensorRT normalises in float",
    ]
  ).with {
    $0.activations = .signedBytes
    $0.quantizesBias = false
  }
}
