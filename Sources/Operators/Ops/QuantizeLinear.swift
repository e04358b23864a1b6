package import IR
import Kernels

/// `saturate(round(x / scale) + zeroPoint)`, half to even
/// (https://onnx.ai/onnx/operators/onnx__QuantizeLinear.html).
package struct QuantizeLinear: LinearQuantization {
  package static let schema = Schema("QuantizeLinear", opsets: 10...26, inputs: 2...3)
  package let settings: LinearQuantizationSettings

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    settings = try LinearQuantizationSettings(node, opset: opset)
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    let type =
      inputs.has(2)
      ? inputs.elementType(2)
      : settings.outputType == .undefined ? .uint8 : settings.outputType
    return [Inferred(type, inputs.shape(0))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let parameters = try parameters(context)
    let x = try context.source(0)
    let fallback: ElementType = settings.outputType == .undefined ? .uint8 : settings.outputType
    let y = try context.output(0, context.optional(2)?.elementType ?? fallback, x.shape)
    let done: Bool
    if x.scalar == .float {
      done = quantize(x, parameters, y)
    } else {
      // Integers, which the operator takes as well, become floats first.
      let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 4 * x.count, alignment: 64)
      defer { bytes.deallocate() }
      done =
        convert(x, into: Target(.float, x.shape, bytes))
        && quantize(Source(.float, x.shape, UnsafeRawBufferPointer(bytes)), parameters, y)
    }
    guard done else { throw context.unsupportedTypes([0, 2]) }
  }

  private func quantize(_ x: Source, _ parameters: LinearQuantizationParameters, _ y: Target)
    -> Bool
  {
    quantizeLinear(
      x, parameters.layout, scales: parameters.scales, zeroPoints: parameters.zeroPoints, into: y)
  }
}
