package import IR
import Kernels

/// The average over all spatial positions
/// (https://onnx.ai/onnx/operators/onnx__GlobalAveragePool.html).
package struct GlobalAveragePool: GlobalPool {
  package static let schema = Schema(
    "GlobalAveragePool", opsets: 1...28,
    signature: """
      1: (T) -> T; T: floats
      22: T + bfloat16
      """)
  package static let traits = Traits(isHomogeneous: true)

  package var computation: Computation? {
    .pool(PoolForm(.average(includesPadding: false), window: nil))
  }

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let window = try window(context)
    let x = try context.source(0)
    let y = try context.output(0, context.input(0).elementType, try outputShape(context))
    let planes = x.shape[0] * x.shape[1]
    guard averagePool(window, planes: planes, includePadding: false, x, into: y) else {
      throw context.unsupportedTypes([0])
    }
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm { .free(inputs: [0]) }
}

extension GlobalAveragePool {
  package var gradient: Gradient {
    .rule { call throws(ModelError) in
      let g = try call.cotangent(0), x = try call.input(0)
      return [(g / (try call.count(over: 0))).expanded(like: x)]
    }
  }
}

extension GlobalAveragePool {
  /// A mean along all axes but the first two.
  package static let generalization: VersionEdit.Step? = { edit throws(ModelError) in
    guard let rank = edit.type(0).shape?.rank, rank > 2 else {
      throw edit.decline("the number of its axes is not known")
    }
    edit.become(ReduceMean.schema.op.type)
    let axes = Array(2..<rank)
    let signature = Registry.signature(of: ReduceMean.schema.op, opset: edit.version)
    if signature?.attributes.contains(where: { $0.name == "axes" }) ?? false {
      edit.set("axes", .ints(axes))
    } else {
      edit.setInput(1, edit.addConstant(Tensor(int64: axes, [axes.count]), "axes"))
    }
  }
}

extension GlobalAveragePool {
  package func integerForm(opset: Int) -> IntegerForm? {
    IntegerForm(
      Microsoft.QLinearGlobalAveragePool.schema.op, .resultLast,
      attributes: [Attribute("channels_last", .int(0))])
  }
}
