import IR
import Kernels

/// The function that ONNX Runtime's fused operators apply to their result, named by the attribute
/// `activation`.
func fusedActivation(
  _ node: NodeView, parameters: [Float]
) throws(ModelError) -> UnaryFunction? {
  let name = try node.string("activation", default: "")
  func parameter(_ index: Int, _ fallback: Float) -> Float { parameters[safe: index] ?? fallback }
  switch name {
  case "": return nil
  case Relu.schema.op.type: return .relu
  case Sigmoid.schema.op.type: return .sigmoid
  case Tanh.schema.op.type: return .tanh
  case LeakyRelu.schema.op.type: return .leakyRelu(parameter(0, 0.01))
  case HardSigmoid.schema.op.type:
    return .hardSigmoid(alpha: parameter(0, 0.2), beta: parameter(1, 0.5))
  case Elu.schema.op.type: return .elu(parameter(0, 1))
  case Clip.schema.op.type:
    return .clip(Double(parameter(0, -.infinity)), Double(parameter(1, .infinity)))
  default:
    throw ModelError(
      .unsupported, "\(node.label), attribute 'activation': '\(name)' is not supported")
  }
}
