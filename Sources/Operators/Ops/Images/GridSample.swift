package import IR
private import Kernels

/// An input sampled at the positions of a grid
/// (https://onnx.ai/onnx/operators/onnx__GridSample.html).
package struct GridSample: Operator {
  package static let schema = Schema(
    "GridSample", opsets: 16...28,
    signature: """
      16: (T1, T1) -> T2; <align_corners: int = 0, mode: string = bilinear,
        padding_mode: string = zeros>; T1: all; T2: floats
      20: (T1, T2) -> T1; <align_corners: int = 0, mode: string = linear,
        padding_mode: string = zeros>
      22: T1 + bfloat16; T2 + bfloat16
      """)
  private let mode: GridSampler.Mode
  private let padding: GridSampler.Padding
  private let alignsCorners: Bool
  /// Whether the input has to have two spatial axes (before opset 20).
  private let isFlat: Bool

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    let usual = opset < 20 ? "bilinear" : "linear"
    isFlat = opset < 20
    let name = try node.string("mode", default: usual)
    switch name {
    case "nearest": mode = .nearest
    case "bilinear", "linear": mode = .linear
    case "bicubic", "cubic": mode = .cubic
    default: throw node.mismatch("mode", expected: "nearest, linear or cubic", found: "'\(name)'")
    }
    let edge = try node.string("padding_mode", default: "zeros")
    switch edge {
    case "zeros": padding = .zeros
    case "border": padding = .border
    case "reflection": padding = .reflection
    default:
      throw node.mismatch(
        "padding_mode", expected: "zeros, border or reflection", found: "'\(edge)'")
    }
    alignsCorners = try node.flag("align_corners")
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    try inputs.requireRank(0, isFlat ? 4...4 : 3...Int.max)
    if let rank = inputs.rank(0) { try inputs.requireRank(1, rank...rank) }
    let type = inputs.elementType(0)
    guard let grid = inputs.shape(1), grid.rank >= 3 else { return [Inferred(type, nil)] }
    if let axes = grid.dimensions.last?.value, axes != grid.rank - 2 {
      throw inputs.mismatch(
        1, expected: "\(grid.rank - 2) coordinates along the last axis", found: "\(grid)")
    }
    let x = inputs.shape(0)
    return [
      Inferred(
        type,
        Shape([x?[0] ?? grid[0], x?[1] ?? .unknown] + grid.dimensions[1..<(grid.rank - 1)]))
    ]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let x = try context.input(0).shape, grid = try context.input(1)
    let axes = x.count - 2
    try context.require(isFlat ? axes == 2 : axes >= 1, 0, "a batch of pictures")
    try context.require(
      grid.shape.count == x.count && grid.shape[0] == x[0] && grid.shape.last == axes, 1,
      "a grid [\(x[0]),…,\(axes)]")
    let shape = [x[0], x[1]] + grid.shape[1..<(x.count - 1)]
    let positions = shape.dropFirst(2).reduce(1, *), size = x.dropFirst(2).reduce(1, *)
    var results: [Double] = []
    results.reserveCapacity(try context.numberCount(shape))
    try context.require(size > 0 || shape.contains(0), 0, "elements to sample")
    let sampler = GridSampler(
      mode: mode, padding: padding, alignsCorners: alignsCorners, lengths: Array(x.dropFirst(2)))
    let values = try context.numbers(0), coordinates = try context.numbers(1)
    if !shape.contains(0) {
      for batch in 0..<x[0] {
        let taps = (0..<positions).map { position in
          let start = (batch * positions + position) * axes
          return sampler.taps(
            at: coordinates[start..<start + axes], single: grid.elementType != .double)
        }
        let start = batch * x[1] * size
        results += sample(taps, planes: x[1], size: size, values[start..<start + x[1] * size])
      }
    }
    try context.write(results, context.input(0).elementType, shape)
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    ChannelRule([
      .same(Axis(.input(0), 0), Axis(.output(0), 0)),
      .same(Axis(.input(0), 0), Axis(.input(1), 0)),
      .same(Axis(.input(0), 1), Axis(.output(0), 1)),
    ])
  }
}

extension GridSample {
  package var gradient: Gradient { .none("its derivative is not written") }
}

extension GridSample {
  package static let revisions: [Revision] = [
    Revision(
      20,
      up: { edit throws(ModelError) in
        try edit.replaceMode(["bilinear": "linear", "bicubic": "cubic"])
      },
      down: { edit throws(ModelError) in
        guard edit.type(0).shape?.rank == 4 else {
          throw edit.decline("other than two spatial axes came with operator set 20")
        }
        try edit.replaceMode(["linear": "bilinear", "cubic": "bicubic"])
      })
  ]
}

extension VersionEdit {
  fileprivate mutating func replaceMode(_ names: [String: String]) throws(ModelError) {
    switch attribute("mode") {
    // Left out, it means the same under either name.
    case nil: break
    case .string(let bytes):
      if let name = names[String(decoding: bytes, as: UTF8.self)] {
        set("mode", .string(Array(name.utf8)))
      }
    default: throw decline("attribute 'mode' is no constant string")
    }
  }
}
