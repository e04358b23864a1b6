package import IR
private import Kernels

/// Cuts the middle out of axes, or puts zeros around them, to reach given lengths
/// (https://onnx.ai/onnx/operators/onnx__CenterCropPad.html).
package struct CenterCropPad: Operator {
  package static let schema = Schema(
    "CenterCropPad", opsets: 18...28,
    signature: """
      18: (T, Tind) -> T; <axes: ints>; T: all bfloat16; Tind: int32 int64
      """)
  package static let traits = Traits(auxiliaryInputs: [1])
  /// The axes that input 1 gives lengths for; nil for all.
  let axes: [Int]?

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    axes = try node.ints("axes")
  }

  private func places(rank: Int, label: String) throws(ModelError) -> [Int] {
    guard let axes else { return Array(0..<rank) }
    return try normalizedAxes(axes, rank: rank, label: label)
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    guard var shape = inputs.shape(0) else { return [Inferred(inputs.elementType(0), nil)] }
    let places = try places(rank: shape.rank, label: inputs.label)
    let lengths = inputs.data(1)
    if let lengths, lengths.count != places.count {
      throw inputs.mismatch(1, expected: "\(places.count) lengths", found: "\(lengths.count)")
    }
    for (position, axis) in places.enumerated() {
      shape[axis] = lengths?[position] ?? .unknown
      if let length = shape[axis].value, length < 0 {
        throw inputs.mismatch(1, expected: "lengths of 0 or more", found: "\(length)")
      }
    }
    return [Inferred(inputs.elementType(0), shape)]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let x = try context.input(0)
    let lengths = try context.requiredIntegers(1)
    let places = try places(rank: x.shape.count, label: context.label)
    guard lengths.count == places.count, lengths.allSatisfy({ $0 >= 0 }) else {
      throw context.mismatch(
        1, expected: "\(places.count) lengths of 0 or more", found: "\(lengths)")
    }
    var shape = x.shape
    for (axis, length) in zip(places, lengths) { shape[axis] = length }
    let width = try context.elementWidth()
    let y = try context.bytes(x.elementType, shape)
    var tables = [[Int]?](repeating: nil, count: shape.count)
    for axis in places where shape[axis] != x.shape[axis] {
      let (old, new) = (x.shape[axis], shape[axis])
      // Of an odd number the smaller half goes, or comes, in front.
      let first = new < old ? (old - new) / 2 : -((new - old) / 2)
      tables[axis] = (0..<new).map { (0..<old).contains($0 + first) ? $0 + first : -1 }
    }
    guard let to = y.baseAddress, !shape.contains(0) else { return }
    // An empty source has no address, but nothing is read from it either.
    let from = x.bytes.baseAddress ?? UnsafeRawPointer(to)
    let fill = context.createdLabel.map { Int64($0) } ?? 0
    withUnsafeBytes(of: fill) {
      remap(
        shape: x.shape, width: width, tables: tables, from: from, to: to, fill: $0.baseAddress)
    }
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    guard let shape = inputs.shape(0),
      let places = try? places(rank: shape.rank, label: inputs.label)
    else { return .barrier("shape of input 0 is not known") }
    return .alongside(shape, frozen: Set(places), reason: "cut or padded to a given length")
  }
}

extension CenterCropPad {
  package var gradient: Gradient { .moved }
}
