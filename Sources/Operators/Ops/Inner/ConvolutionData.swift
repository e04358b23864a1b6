package import IR
import Kernels

/// The cotangent of a convolution's data from that of its result, input 0, and its weight, input 1.
/// Of the data, input 2, only the shape counts. Attributes are those of the convolution.
package struct ConvolutionData: InnerOperator, BackwardConvolution {
  package static let schema = Schema(
    "ConvolutionData", domain: Inner.domain, opsets: 1...1, inputs: 3...3)
  package let geometry: ConvolutionGeometry
  package var computation: Computation? { .convolutionGradient(self) }
  package let result = BackwardResult.data

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    geometry = try ConvolutionGeometry(node, x: 2, weight: 1, bias: nil)
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    [Inferred(inputs.type(2))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    var shape = try shape(context)
    let g = try context.source(0), w = try context.source(1)
    let y = try context.output(0, context.input(0).elementType, context.input(2).shape)
    swap(&shape.inputChannels, &shape.outputChannels)
    guard convolveTransposed(shape, g, w, bias: nil, into: y) else {
      throw context.unsupportedTypes([0, 1])
    }
  }
}
