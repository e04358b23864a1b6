package import IR
package import Kernels

/// Which cotangent of a convolution is meant.
package enum BackwardResult: Sendable {
  case data, weights
}

/// A cotangent of a convolution: what backends that have it as one primitive ask for. Input 0 is the
/// cotangent of the result.
package protocol BackwardConvolution: Operator {
  var geometry: ConvolutionGeometry { get }
  var result: BackwardResult { get }
}

extension BackwardConvolution {
  /// The lengths of the convolution itself.
  package func shape(_ context: Evaluation) throws(ModelError) -> ConvolutionShape {
    let shape = try geometry.shape(context)
    let g = try context.input(0).shape
    guard g == shape.outputShape else {
      throw context.mismatch(0, expected: "shape \(shape.outputShape)", found: "\(g)")
    }
    try context.requireSpatialRank(shape.window)
    return shape
  }
}
