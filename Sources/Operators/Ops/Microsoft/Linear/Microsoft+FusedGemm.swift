package import IR
import Kernels

extension Microsoft {
  /// A product of matrices, an addend and an activation in one.
  package struct FusedGemm: Operator {
    package static let schema = Schema(
      "FusedGemm", domain: Microsoft.domain, opsets: 1...1,
      signature: """
        1: (T, T, T?) -> T; <activation: string, activation_alpha: float, activation_beta: float,
          activation_gamma: float, alpha: float = 1.0, beta: float = 1.0, transA: int = 0,
          transB: int = 0>; T: floats uint32 uint64 int32 int64
        """)
    private let gemm: Operators.Gemm
    let activation: UnaryFunction?

    package init(_ node: NodeView, opset: Int) throws(ModelError) {
      gemm = try Operators.Gemm(node, opset: 13)
      var parameters: [Float] = []
      for name in ["activation_alpha", "activation_beta", "activation_gamma"] {
        guard node.has(name) else { break }
        parameters.append(try node.float(name))
      }
      activation = try fusedActivation(node, parameters: parameters)
    }

    package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
      try gemm.infer(inputs)
    }

    package func evaluate(_ context: inout Evaluation) throws(ModelError) {
      let shape = try gemm.shape(context)
      let y = try context.output(0, context.input(0).elementType, [shape.m, shape.n])
      guard matrixProduct(shape, try context.source(0), try context.source(1), into: y) else {
        throw context.unsupportedTypes([0, 1])
      }
      try gemm.finish(context, y)
      guard let activation else { return }
      guard
        unary(
          activation, Source(y.scalar, y.shape, UnsafeRawBufferPointer(y.bytes)), into: y)
      else { throw context.unsupportedTypes([0]) }
    }

    package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
      gemm.channels(inputs, outputs)
    }

    package func linear(_ inputs: Inputs) -> LinearForm? {
      var form = gemm.linear(inputs)
      if activation != nil { form?.isPlain = false }
      return form
    }

    package func macs(_ inputs: Inputs, _ outputs: [TensorType]) -> Int? {
      gemm.macs(inputs, outputs)
    }
  }
}

extension Microsoft.FusedGemm {
  package var gradient: Gradient {
    .spelledOut { [activation] call throws(ModelError) in
      let own = call.node.attributes.filter { !$0.name.hasPrefix("activation") }
      let id = call.builder.node(Operators.Gemm.schema.op, call.node.inputs, own)
      return [Term(call.builder, id, call.types[0]).activated(activation)]
    }
  }
}
