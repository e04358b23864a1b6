package import IR
private import Kernels

/// The largest element of each cell of regions of a picture
/// (https://onnx.ai/onnx/operators/onnx__MaxRoiPool.html).
package struct MaxRoiPool: Operator {
  package static let schema = Schema(
    "MaxRoiPool", opsets: 1...28,
    signature: """
      1: (T, T) -> T; <pooled_shape: ints!, spatial_scale: float = 1>; T: floats
      22: T + bfloat16
      """)
  package static let traits = Traits(auxiliaryInputs: [1])
  private let height: Int
  private let width: Int
  private let scale: Float

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    let shape = try node.ints("pooled_shape") ?? []
    guard shape.count == 2, shape.allSatisfy({ (1...65536).contains($0) }) else {
      throw node.mismatch("pooled_shape", expected: "two lengths of 1 or more", found: "\(shape)")
    }
    (height, width) = (shape[0], shape[1])
    scale = try node.float("spatial_scale", default: 1)
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    try inputs.requireRank(0, 4...4)
    try inputs.requireRank(1, 2...2)
    let shape = [
      inputs.shape(1)?[0] ?? .unknown, inputs.shape(0)?[1] ?? .unknown, .known(height),
      .known(width),
    ]
    return [Inferred(inputs.elementType(0), Shape(shape))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let x = try context.input(0).shape, regions = try context.input(1).shape
    try context.require(x.count == 4, 0, "pictures [N,C,H,W]")
    try context.require(regions.count == 2 && regions[1] == 5, 1, "shape [regions,5]")
    let shape = [regions[0], x[1], height, width]
    var results: [Double] = []
    results.reserveCapacity(try context.numberCount(shape))
    let boxes = try context.numbers(1), data = try context.numbers(0)
    let grid = RegionGrid(height: x[2], width: x[3], rows: height, columns: width)
    for region in 0..<regions[0] {
      let batch = boxes[region * 5]
      let edges = (1..<5).map { place in
        (boxes[region * 5 + place] * Double(scale)).rounded(.toNearestOrAwayFromZero)
      }
      let fits =
        batch >= 0 && batch < Double(x[0]) && edges.allSatisfy { abs($0) < Double(1 << 31) }
      try context.require(fits, 1, "regions of the \(x[0]) pictures")
      data.withUnsafeBufferPointer { data in
        guard let data = data.baseAddress else { return }
        for channel in 0..<x[1] {
          let plane = data + (Int(batch) * x[1] + channel) * x[2] * x[3]
          results += grid.largest(edges.map { Int($0) }, of: plane)
        }
      }
    }
    if results.isEmpty { results = [Double](repeating: 0, count: shape.reduce(1, *)) }
    try context.write(results, context.input(0).elementType, shape)
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    ChannelRule([.same(Axis(.input(0), 1), Axis(.output(0), 1))])
  }
}

extension MaxRoiPool {
  package var gradient: Gradient { .none("its derivative is not written") }
}
