package import IR
private import Kernels

/// The lengths of a tensor's axes (https://onnx.ai/onnx/operators/onnx__Shape.html).
package struct ShapeOf: Operator {
  package static let schema = Schema(
    "Shape", opsets: 1...28,
    signature: """
      1: (T) -> T1; T: all; T1: int64
      13: T + bfloat16
      15: <end: int, start: int = 0>
      19: T + float8
      21: T + int4s
      23: T + float4e2m1
      24: T + float8e8m0
      25: T + int2s
      """)
  package static let traits = Traits(widensHalf: false, takesStrings: true)
  /// The first axis and the one past the last, negative ones from the end.
  let start: Int
  let end: Int?

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    start = opset >= 15 ? try node.int("start", default: 0) : 0
    end = opset >= 15 && node.has("end") ? try node.int("end") : nil
  }

  /// The axes asked for.
  private func axes(rank: Int) -> Range<Int> {
    let from = min(max(start < 0 ? start + rank : start, 0), rank)
    let to = min(max(end.map { $0 < 0 ? $0 + rank : $0 } ?? rank, 0), rank)
    return from..<max(from, to)
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    guard let shape = inputs.shape(0) else { return [Inferred(.int64, Shape([Dimension.unknown]))] }
    let lengths = Array(shape.dimensions[axes(rank: shape.rank)])
    return [Inferred(.int64, Shape([lengths.count]), data: lengths)]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let shape = try context.input(0).shape
    let lengths = shape[axes(rank: shape.count)]
    let y = try context.output(0, .int64, [lengths.count]).elements(Int64.self)
    for (place, length) in lengths.enumerated() { y[place] = Int64(length) }
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    guard let rank = inputs.rank(0) else { return .barrier("shape of input 0 is not known") }
    // Axes may shrink freely: they relate to nothing but themselves, and their old lengths take the
    // place of the new ones, so that what is computed from them stays the same.
    return ChannelRule((0..<rank).map { .interchangeable(Axis(.input(0), $0)) })
  }

  package func resize(_ cut: Cut) throws(ModelError) -> [NodeEdit] {
    guard let shape = cut.inputs.shape(0) else { return [] }
    let read = axes(rank: shape.rank)
    var old: [Int: Int] = [:]
    for axis in cut.changedAxes(.input(0), rank: shape.rank) where read.contains(axis) {
      old[axis - read.lowerBound] = shape[axis].value
    }
    return old.isEmpty ? [] : [.lengths(.output(0), old)]
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm {
    .float(reason: "works on shapes")
  }
}

extension ShapeOf {
  package var gradient: Gradient { .zero }
}

extension ShapeOf {
  package static let revisions: [Revision] = [
    .additive(15),
    // A part of the lengths is a slice of all of them.
    Revision(
      15,
      down: { edit throws(ModelError) in
        let start = try edit.int("start", default: 0), end = try edit.int("end", default: .max)
        edit.set("start", nil)
        edit.set("end", nil)
        guard start != 0 || end != .max else { return }
        let ends = [("start", start), ("end", end)].map { name, value in
          edit.addConstant(Tensor(int64: [value], [1]), name)
        }
        edit.after(Slice.schema.op.type, ends, of: TensorType(.int64, nil))
      }),
  ]
}
