package import IR
private import Kernels

/// The positions at which GridSample reads an image turned by an affine map
/// (https://onnx.ai/onnx/operators/onnx__AffineGrid.html).
///
/// Inputs: maps `[N, r, r + 1]` and the image's shape `[N, C, lengths…]`, for r of 2 or 3.
package struct AffineGrid: Operator {
  package static let schema = Schema(
    "AffineGrid", opsets: 20...28,
    signature: """
      20: (T1, T2) -> T1; <align_corners: int = 0>; T1: floats bfloat16; T2: int64
      """)
  package static let traits = Traits(auxiliaryInputs: [1])
  /// Whether -1 and 1 are the middles of the outermost elements rather than their edges.
  let alignsCorners: Bool

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    alignsCorners = try node.flag("align_corners")
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    try inputs.requireRank(0, 3...3)
    guard let size = inputs.data(1) else {
      let maps = inputs.shape(0)?[1].value.flatMap { $0 < 9 ? $0 + 2 : nil }
      let rank = inputs.shape(1)?.dimensions[safe: 0]?.value ?? maps
      guard let rank, (4...5).contains(rank) else { return [Inferred(inputs.elementType(0), nil)] }
      let lengths = [Dimension](repeating: .unknown, count: rank - 1)
      return [Inferred(inputs.elementType(0), Shape(lengths + [.known(rank - 2)]))]
    }
    try check(size.count, inputs.shape(0), { inputs.mismatch($0, expected: $1, found: $2) })
    let shape = [size[0]] + size[2...] + [.known(size.count - 2)]
    return [Inferred(inputs.elementType(0), Shape(shape))]
  }

  private func check(_ count: Int, _ maps: Shape?, _ mismatch: Mismatch) throws(ModelError) {
    guard (4...5).contains(count) else {
      throw mismatch(1, "the 4 or 5 lengths of an image", "\(count)")
    }
    guard let maps else { return }
    let rank = count - 2
    guard maps.rank == 3, maps[1].value ?? rank == rank, maps[2].value ?? rank + 1 == rank + 1
    else { throw mismatch(0, "shape [N,\(rank),\(rank + 1)]", "\(maps)") }
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let size = try context.requiredIntegers(1)
    let maps = try context.input(0)
    let reader = context
    let mismatch: Mismatch = { reader.mismatch($0, expected: $1, found: $2) }
    try check(size.count, Shape(maps.shape), mismatch)
    guard size.allSatisfy({ $0 >= 0 && $0 <= Int(Int32.max) }), size[0] == maps.shape[0] else {
      throw mismatch(1, "lengths of 0 or more for \(maps.shape[0]) samples", "\(size)")
    }
    let lengths = Array(size[2...])
    let shape = [size[0]] + lengths + [lengths.count]
    let y = try context.output(0, maps.elementType, shape)
    guard
      affineGrid(try context.numbers(0), lengths: lengths, alignsCorners: alignsCorners, into: y)
    else { throw context.unsupportedTypes([0]) }
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .barrier("positions in an image")
  }
}

extension AffineGrid {
  package var gradient: Gradient { .none("its derivative is not written") }
}
