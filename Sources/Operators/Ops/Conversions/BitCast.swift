package import IR

/// The bits of elements seen as another type of the same width
/// (https://onnx.ai/onnx/operators/onnx__BitCast.html).
package struct BitCast: Operator {
  package static let schema = Schema(
    "BitCast", opsets: 26...28,
    signature: """
      26: (T1) -> T2; <to: int!>;
        T1: numbers float8 int4s int2s bool complex64 complex128 bfloat16 float4e2m1
        float8e8m0;
        T2: numbers float8 int4s int2s bool complex64 complex128 bfloat16 float4e2m1 float8e8m0
      """)
  package static let traits = Traits(widensHalf: false, readsPackedElements: true)

  /// The type of the output.
  package let to: ElementType

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    let code = try node.int("to")
    guard let raw = Int32(exactly: code), let bits = ElementType(rawValue: raw).bitWidth, bits > 0
    else {
      throw node.mismatch("to", expected: "an element type other than string", found: "\(code)")
    }
    to = ElementType(rawValue: raw)
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    let type = inputs.elementType(0)
    if type != .undefined, type.bitWidth != to.bitWidth {
      throw inputs.mismatch(
        0, expected: "elements of \(to.bitWidth ?? 0) bits, as \(to) has", found: "\(type)")
    }
    return [Inferred(to, inputs.shape(0))]
  }

  package func isIdentity(_ inputs: Inputs, _ outputs: [TensorType]) -> Bool {
    inputs.elementType(0) == to
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let x = try context.input(0)
    guard x.elementType.bitWidth == to.bitWidth else {
      throw context.mismatch(
        0, expected: "elements of \(to.bitWidth ?? 0) bits, as \(to) has", found: "\(x.elementType)"
      )
    }
    let y = try context.bytes(to, x.shape)
    y.copyMemory(from: UnsafeRawBufferPointer(rebasing: x.bytes.prefix(y.count)))
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .elementwise(inputs: [(0, inputs.shape(0))], outputs: outputs)
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm {
    .float(reason: "works on bits")
  }
}

extension BitCast {
  package var gradient: Gradient { .none("it takes bits for numbers") }
}
