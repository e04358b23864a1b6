package import IR
package import Kernels

/// Elements converted to the type of a second tensor
/// (https://onnx.ai/onnx/operators/onnx__CastLike.html).
package struct CastLike: Conversion {
  package static let schema = Schema(
    "CastLike", opsets: 15...28,
    signature: """
      15: (T1, T2) -> T2; T1: numbers string bool bfloat16; T2: numbers string bool bfloat16
      19: <saturate: int = 1>; T1 + float8; T2 + float8
      21: T1 + int4s; T2 + int4s
      23: T1 + float4e2m1; T2 + float4e2m1
      24: <round_mode: string = up, saturate: int = 1>; T1 + float8e8m0; T2 + float8e8m0
      25: T1 + int2s; T2 + int2s
      """)

  package let rule: ConversionRule

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    rule = try ConversionRule(node, opset: opset)
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    infer(inputs, to: inputs.elementType(1))
  }

  package func isIdentity(_ inputs: Inputs, _ outputs: [TensorType]) -> Bool {
    inputs.elementType(0) == inputs.elementType(1) && inputs.elementType(0) != .undefined
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    try convert(context, to: context.input(1).elementType)
  }

  package var needsValues: Bool { false }

  package func evaluate(_ call: Call) throws(ModelError) -> [Datum?] {
    try convertText(call, to: call.tensor(1).elementType)
  }
}

extension CastLike {
  package var gradient: Gradient {
    .rule { call throws(ModelError) in [try call.cotangent(0).cast(to: call.facts.elementType(0))] }
  }
}

extension CastLike {
  package static let revisions: [Revision] = [
    .additive(19),
    .additive(24),
  ]
}

extension CastLike {
  /// A conversion to a type that is known.
  package static let generalization: VersionEdit.Step? = { edit throws(ModelError) in
    let type = edit.type(1).elementType
    guard type != .undefined else {
      throw edit.decline("the type of its second operand is not known")
    }
    edit.become(Cast.schema.op.type)
    edit.set("to", .int(Int(type.rawValue)))
    edit.setInput(1, nil)
  }
}
