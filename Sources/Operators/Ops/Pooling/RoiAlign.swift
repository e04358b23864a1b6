package import IR
private import Kernels

/// Regions of a picture sampled on a grid (https://onnx.ai/onnx/operators/onnx__RoiAlign.html).
package struct RoiAlign: Operator {
  package static let schema = Schema(
    "RoiAlign", opsets: 10...28,
    signature: """
      10: (T1, T1, T2) -> T1; <mode: string = avg, output_height: int = 1,
        output_width: int = 1, sampling_ratio: int = 0, spatial_scale: float = 1>; T1: floats;
        T2: int64
      16: <coordinate_transformation_mode: string = half_pixel, mode: string = avg,
        output_height: int = 1, output_width: int = 1, sampling_ratio: int = 0,
        spatial_scale: float = 1>
      22: T1 + bfloat16
      """)
  package static let traits = Traits(auxiliaryInputs: [1, 2])
  private let height: Int
  private let width: Int
  private let samples: Int
  private let scale: Float
  private let mode: Mode
  /// Whether coordinates mean the middle of elements.
  private let halfPixel: Bool

  private enum Mode: String, CaseIterable { case avg, max }
  private enum Coordinates: String, CaseIterable {
    case halfPixel = "half_pixel"
    case outputHalfPixel = "output_half_pixel"
  }

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    height = try node.int("output_height", default: 1)
    width = try node.int("output_width", default: 1)
    samples = try node.int("sampling_ratio", default: 0)
    for (name, value, least) in [
      ("output_height", height, 1), ("output_width", width, 1), ("sampling_ratio", samples, 0),
    ] where value < least || value > 1 << 16 {
      throw node.mismatch(name, expected: "a value in [\(least), 65536]", found: "\(value)")
    }
    scale = try node.float("spatial_scale", default: 1)
    mode = try node.choice("mode", default: .avg)
    halfPixel =
      opset >= 16
      ? try node.choice("coordinate_transformation_mode", default: Coordinates.halfPixel)
        == .halfPixel : false
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    try inputs.requireRank(0, 4...4)
    try inputs.requireRank(1, 2...2)
    try inputs.requireRank(2, 1...1)
    let regions = inputs.shape(1)?[0] ?? inputs.shape(2)?[0] ?? .unknown
    return [
      Inferred(
        inputs.elementType(0),
        Shape([regions, inputs.shape(0)?[1] ?? .unknown, .known(height), .known(width)]))
    ]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let x = try context.input(0).shape, given = try context.input(1).shape
    try context.require(x.count == 4 && !x.suffix(2).contains(0), 0, "pictures [N,C,H,W]")
    try context.require(given.count == 2 && given[1] == 4, 1, "shape [regions,4]")
    let batches = try context.requiredIntegers(2)
    try context.require(
      batches.count == given[0] && batches.allSatisfy { (0..<x[0]).contains($0) }, 2,
      "\(given[0]) indices in [0, \(x[0] - 1)]")
    let shape = [given[0], x[1], height, width]
    let boxes = try context.numbers(1)
    let grid = RegionGrid(height: x[2], width: x[3], rows: height, columns: width)
    let shift = halfPixel ? 0.5 : 0
    var regions: [Region] = []
    for region in 0..<batches.count {
      let box = (0..<4).map { boxes[region * 4 + $0] * Double(scale) - shift }
      guard let counts = grid.sampleCounts(box, samples, atLeastOne: !halfPixel) else {
        throw context.mismatch(1, expected: "regions near the picture", found: "\(box)")
      }
      regions.append(Region(box: box, picture: batches[region], counts: counts))
    }
    let data = try context.source(0)
    let y = try context.output(0, context.input(0).elementType, shape)
    guard
      alignRegions(
        grid, regions, atLeastOne: !halfPixel, largest: mode == .max, data, into: y)
    else { throw context.unsupportedTypes([0]) }
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    ChannelRule([.same(Axis(.input(0), 1), Axis(.output(0), 1))])
  }
}

extension RoiAlign {
  package var gradient: Gradient { .none("its derivative is not written") }
}

extension RoiAlign {
  package static let revisions: [Revision] = [
    // Before, the attribute did not exist and meant output_half_pixel.
    Revision(
      16,
      up: { edit in
        edit.set("coordinate_transformation_mode", .string(Array("output_half_pixel".utf8)))
      },
      down: { edit throws(ModelError) in
        let usual = AttributeValue.string(Array("output_half_pixel".utf8))
        guard edit.attribute("coordinate_transformation_mode")?.says(usual) ?? false else {
          throw edit.decline("half_pixel came with operator set 16")
        }
        edit.set("coordinate_transformation_mode", nil)
      })
  ]
}
