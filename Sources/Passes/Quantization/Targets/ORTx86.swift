extension QuantizationTarget {
  /// ONNX Runtime on x86, with or without VNNI: no pair of weights can saturate (quantization.md,
  /// "Saturation").
  package static let ortX86 = onnxRuntime.with { $0.weights = .safePairs }

  /// ONNX Runtime on x86 with VNNI, where sums of products are exact.
  package static let ortVNNI = onnxRuntime

  /// ONNX Runtime on x86, as its optimizer turns QDQ models into integer kernels (quantization.md,
  /// "What ORT turns into integer kernels").
  package static let onnxRuntime = QuantizationTarget(
    name: "ONNX Runtime",
    kernels: [
      "Conv": .always,
      "Gemm": .ofGemm,
      "MatMul": .ofMatMul,

      "Add": .always, "Mul": .always, "Where": .always, "Concat": .always,
      "LeakyRelu": .always, "Sigmoid": .always, "Softmax": .always,
      "AveragePool": .always, "GlobalAveragePool": .always,

      "Relu": .always, "Clip": .always,

      "Flatten": .always, "Reshape": .always, "Squeeze": .always, "Unsqueeze": .always,
      "Identity": .always, "Transpose": .always, "Expand": .always, "Tile": .always,
      "DepthToSpace": .always, "SpaceToDepth": .always,
      "Gather": .always, "Slice": .always, "Split": .always,
      "MaxPool": .always, "ReduceMax": .always, "ReduceMin": .always,
      "Resize": .ofMovement, "Upsample": .ofMovement,
    ],
    reasons: [
      "ConvTranspose": "runtimes have no integer transposed convolution",
      "GlobalMaxPool": "runtimes have no integer global maximum",
      "CumSum": "no integer kernel for running results",
      "CumProd": "no integer kernel for running results",
      "GatherElements": "no integer kernel for GatherElements",
      "GatherND": "no integer kernel for GatherND",
      "OneHot": "no integer kernel for OneHot",
      "Pad": "no integer kernel for Pad",
      "Scatter": "no integer kernel for Scatter",
      "ScatterElements": "no integer kernel for ScatterElements",
      "ScatterND": "no integer kernel for ScatterND",
      "TopK": "no integer kernel for TopK",
      "Trilu": "no integer kernel for Trilu",
    ]
  ).with {
    $0.roundsNothing = ["MatMul", "Gemm"]
    $0.joinsClamps = ["Gemm"]
    $0.precise = ["Softmax"]
    $0.widensWeights = true
  }
}
