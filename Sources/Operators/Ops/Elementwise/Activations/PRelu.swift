package import IR
package import Kernels

/// `slope·x` below zero, else x; the slope broadcasts to x
/// (https://onnx.ai/onnx/operators/onnx__PRelu.html).
package struct PRelu: BroadcastBinary {
  package static let schema = Schema(
    "PRelu",
    signature: """
      6: (T, T) -> T; T: floats
      9: T + int32 int64 uint32 uint64
      16: T + bfloat16
      """)
  package static let traits = Traits(trainedInputs: [1], isHomogeneous: true)
  package let function = BinaryFunction.prelu

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    let shape = try inputs.broadcast([0, 1])
    inputs.equateTrailing(1, 0)
    // The standard has the slope stretch to x; runtimes stretch x too.
    guard let x = inputs.shape(0), let slope = inputs.shape(1),
      slope.rank > x.rank
        || zip(x.dimensions.suffix(slope.rank), slope.dimensions).contains(where: {
          $0 == 1 && $1 != 1
        })
    else { return [Inferred(inputs.type(0))] }
    return [Inferred(inputs.elementType(0), shape)]
  }
}

extension PRelu {
  package var gradient: Gradient {
    .pairwise { g, x, slope, _ in (x.isBelow(0).select(g * slope, g), x.isBelow(0).select(g * x)) }
  }
}
