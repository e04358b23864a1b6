package import IR
private import Kernels

/// Adds up the columns that sliding blocks of an image gave, where each was taken from
/// (https://onnx.ai/onnx/operators/onnx__Col2Im.html).
///
/// Inputs: columns `[N, C · block, positions]`, the image's lengths and the block's.
package struct Col2Im: Operator {
  package static let schema = Schema(
    "Col2Im", opsets: 18...28,
    signature: """
      18: (T, int64, int64) -> T; <dilations: ints, pads: ints, strides: ints>; T: all bfloat16
      """)
  package static let traits = Traits(auxiliaryInputs: [1, 2])
  let window: SlidingWindow

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    window = try SlidingWindow(node)
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    let type = inputs.elementType(0)
    try inputs.requireRank(0, 3...3)
    guard let image = inputs.data(1) else { return [Inferred(type, nil)] }
    let block = inputs.data(2)
    if let block, block.count != image.count {
      throw inputs.mismatch(2, expected: "\(image.count) lengths", found: "\(block.count)")
    }
    let channels = block.flatMap { block in
      inputs.shape(0)?[1].floorDivided(by: block.reduce(.known(1)) { $0 * $1 })
    }
    return [
      Inferred(type, Shape([inputs.shape(0)?[0] ?? .unknown, channels ?? .unknown] + image))
    ]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let x = try context.source(0)
    let image = try context.requiredIntegers(1), block = try context.requiredIntegers(2)
    guard image.count == block.count, !image.isEmpty,
      (image + block).allSatisfy({ $0 >= 0 && $0 <= Int(Int32.max) }), !block.contains(0),
      let blockCount = checkedProduct(block)
    else {
      throw context.mismatch(
        2, expected: "\(image.count) positive lengths", found: "\(block) for \(image)")
    }
    let reader = context
    let mismatch: Mismatch = { reader.mismatch($0, expected: $1, found: $2) }
    let window = try window.window(input: image, kernel: block, mismatch)
    guard x.shape.count == 3, x.shape[1] % blockCount == 0, x.shape[2] == window.outputCount else {
      throw mismatch(
        0, "shape [N, C·\(blockCount), \(window.outputCount)]", "shape \(x.shape)")
    }
    let shape = [x.shape[0], x.shape[1] / blockCount] + image
    _ = try context.checkedCount(shape)
    let y = try context.output(0, context.input(0).elementType, shape)
    guard x.count > 0 else {
      y.bytes.initializeMemory(as: UInt8.self, repeating: 0)
      return
    }
    guard columnsToImage(window, x, into: y) else { throw context.unsupportedTypes([0]) }
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    guard let x = inputs.shape(0), let y = outputs.first?.shape, let columns = x[1].value,
      let channels = y.dimensions[safe: 1]?.value, channels > 0
    else { return .barrier("shape of input 0 is not known") }
    return ChannelRule([
      .same(Axis(.input(0), 0), Axis(.output(0), 0)),
      .spread(Axis(.output(0), 1), Axis(.input(0), 1), factor: columns / channels),
      .freeze(Axis(.input(0), 2), reason: "positions of blocks"),
    ])
  }
}

extension Col2Im {
  package var gradient: Gradient { .none("its derivative is not written") }
}
