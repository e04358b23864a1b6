package import IR
import Kernels

extension Microsoft {
  /// Convolution, a further addend (input 3) and an activation in one.
  package struct FusedConv: Operator {
    package static let schema = Schema(
      "FusedConv", domain: Microsoft.domain, opsets: 1...1,
      signature: """
        1: (T, T, T?, T?) -> T; <activation: string, activation_params: floats, auto_pad: string
          = NOTSET, dilations: ints, group: int = 1, kernel_shape: ints, pads: ints, strides:
          ints>; T: floats
        """)
    let geometry: ConvolutionGeometry
    let activation: UnaryFunction?

    package static let traits = Traits(attributeDefaults: windowDefaults)

    package init(_ node: NodeView, opset: Int) throws(ModelError) {
      geometry = try ConvolutionGeometry(node, bias: 2)
      activation = try fusedActivation(
        node, parameters: try node.floats("activation_params") ?? [])
    }

    package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
      [Inferred(inputs.elementType(0), try geometry.infer(inputs))]
    }

    package func evaluate(_ context: inout Evaluation) throws(ModelError) {
      let shape = try geometry.shape(context)
      try context.requireSpatialRank(shape.window)
      let x = try context.source(0), w = try context.source(1)
      let bias = context.optional(2) == nil ? nil : try context.source(2)
      let y = try context.output(0, context.input(0).elementType, shape.outputShape)
      guard convolve(shape, x, w, bias: bias, into: y) else {
        throw context.unsupportedTypes([0, 1, 2])
      }
      let result = Source(y.scalar, y.shape, UnsafeRawBufferPointer(y.bytes))
      if context.optional(3) != nil {
        let addend = try context.source(3)
        guard addend.shape == y.shape, binary(.add, result, addend, into: y) else {
          throw context.mismatch(
            3, expected: "shape \(y.shape)", found: "shape \(addend.shape)")
        }
      }
      guard let activation else { return }
      guard unary(activation, result, into: y) else { throw context.unsupportedTypes([0]) }
    }

    package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
      guard inputs.has(3) else { return geometry.channels(inputs, outputs) }
      var rule = geometry.channels(inputs, outputs)
      guard rule.barrier == nil, let y = outputs.first?.shape else { return rule }
      rule.relations += y.dimensions.indices.map {
        .same(Axis(.input(3), $0), Axis(.output(0), $0))
      }
      return rule
    }

    package func linear(_ inputs: Inputs) -> LinearForm? {
      geometry.linear(isPlain: activation == nil && !inputs.has(3))
    }

    package func macs(_ inputs: Inputs, _ outputs: [TensorType]) -> Int? {
      geometry.macs(inputs, outputs)
    }

    package func resize(_ cut: Cut) throws(ModelError) -> [NodeEdit] { try geometry.resize(cut) }
  }
}

extension Microsoft.FusedConv {
  package var gradient: Gradient {
    .spelledOut { [activation] call throws(ModelError) in
      let own = call.node.attributes.filter { !$0.name.hasPrefix("activation") }
      let id = call.builder.node(Conv.schema.op, Array(call.node.inputs.prefix(3)), own)
      var sum = Term(call.builder, id, call.types[0])
      if let addend = call.optional(3) { sum = sum + addend }
      return [sum.activated(activation)]
    }
  }
}
