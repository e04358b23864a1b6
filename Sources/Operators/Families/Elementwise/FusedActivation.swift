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

extension Term {
  /// The function, of those that fused operators apply, as an operator of its own.
  func activated(_ function: UnaryFunction?) -> Term {
    func number(_ name: String, _ value: some BinaryFloatingPoint) -> Attribute {
      Attribute(name, .float(Float(value)))
    }
    switch function {
    case .relu: return apply(Relu.self)
    case .sigmoid: return sigmoid
    case .tanh: return tanh
    case .leakyRelu(let slope): return apply(LeakyRelu.self, [], [number("alpha", slope)])
    case .hardSigmoid(let alpha, let beta):
      return apply(HardSigmoid.self, [], [number("alpha", alpha), number("beta", beta)])
    case .elu(let alpha): return apply(Elu.self, [], [number("alpha", alpha)])
    case .clip(let low, let high):
      let above = isBelow(low).select(self.number(low), self).typed(as: type)
      return above.isAbove(high).select(self.number(high), above).typed(as: type)
    default: return self
    }
  }
}
