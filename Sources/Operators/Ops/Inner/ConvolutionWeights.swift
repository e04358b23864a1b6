package import IR
import Kernels

/// The cotangents of a convolution's weight and bias from that of its result, input 0, and its data,
/// input 1. Of the weight, input 2, only the shape counts. Attributes are those of the convolution.
package struct ConvolutionWeights: InnerOperator, BackwardConvolution {
  package static let schema = Schema(
    "ConvolutionWeights", domain: Inner.domain, opsets: 1...1, inputs: 3...3, outputs: 1...2)
  package let geometry: ConvolutionGeometry
  package var computation: Computation? { .convolutionGradient(self) }
  package let result = BackwardResult.weights

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    geometry = try ConvolutionGeometry(node, x: 1, weight: 2, bias: nil)
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    let weight = inputs.type(2)
    return [
      Inferred(weight), Inferred(weight.elementType, weight.shape.map { Shape([$0[0]]) }),
    ]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let shape = try shape(context)
    let g = try context.source(0), x = try context.source(1)
    let type = try context.input(0).elementType
    if context.wants(0) {
      let y = try context.output(0, type, context.input(2).shape)
      guard convolutionWeights(shape, g, x, into: y) else {
        throw context.unsupportedTypes([0, 1])
      }
    }
    guard context.wants(1) else { return }
    let y = try context.output(1, type, [shape.outputChannels])
    guard reduce(.sum, g, axes: g.shape.indices.filter { $0 != 1 }, into: y) else {
      throw context.unsupportedTypes([0])
    }
  }
}
