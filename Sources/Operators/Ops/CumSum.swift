package import IR
private import Kernels

/// Running sums along an axis (https://onnx.ai/onnx/operators/onnx__CumSum.html).
package struct CumSum: Operator {
  package static let schema = Schema("CumSum", opsets: 11...26, inputs: 2...2)
  package static let auxiliaryInputs: Set<Int> = [1]
  let exclusive: Bool
  let reverse: Bool

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    exclusive = try node.flag("exclusive")
    reverse = try node.flag("reverse")
  }

  package static func attributeDefaults(opset: Int) -> [String: AttributeValue] {
    ["exclusive": .int(0), "reverse": .int(0)]
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    [Inferred(inputs.type(0))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let x = try context.source(0)
    let axes = try context.requiredIntegers(1)
    guard axes.count == 1 else {
      throw context.mismatch(1, expected: "one axis", found: "\(axes)")
    }
    let axis = try normalizedAxes(axes, rank: x.shape.count, label: context.label)[0]
    let y = try context.output(0, context.input(0).elementType, x.shape)
    runningSum(
      x, outer: x.shape[..<axis].reduce(1, *), length: x.shape[axis],
      inner: x.shape[(axis + 1)...].reduce(1, *), exclusive: exclusive, reverse: reverse, into: y)
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    guard let axis = inputs.knownIntegers(1)?.first, let axis = try? inputs.axis(axis, of: 0) else {
      return .barrier("axis is not constant")
    }
    return .alongside(inputs.shape(0), frozen: [axis], reason: "CumSum adds up along it")
  }

  package func quantization(_ inputs: Inputs) -> QuantizationRule {
    .float(reason: "no integer kernel for CumSum")
  }
}
