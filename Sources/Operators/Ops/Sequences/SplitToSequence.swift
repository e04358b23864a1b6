package import IR

/// A tensor cut into a sequence of parts along an axis
/// (https://onnx.ai/onnx/operators/onnx__SplitToSequence.html).
package struct SplitToSequence: ContainerOperator {
  package static let schema = Schema(
    "SplitToSequence", opsets: 11...28,
    signature: """
      11: (T, I?) -> S; <axis: int = 0, keepdims: int = 1>; T: all; I: int32 int64; S: seq(all)
      24: T + bfloat16; S + seq(bfloat16)
      """)
  private let axis: Int
  /// Whether parts of length 1 keep the axis; parts of given lengths always do.
  private let keepsAxis: Bool

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    axis = try node.int("axis", default: 0)
    keepsAxis = try node.flag("keepdims", default: true)
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    let type = inputs.type(0)
    guard var shape = type.shape else {
      return [Inferred(value: .sequence(type == .unknown ? nil : .tensor(type)))]
    }
    let axis = try inputs.normalizedAxis(axis, rank: shape.rank)
    if inputs.has(1) {
      let length = shape[axis].value
      let sizes = inputs.knownIntegers(1)
      shape[axis] = .unknown
      if let sizes, let size = sizes.first, size > 0 {
        let isScalar = inputs.rank(1) == 0
        let isEven = isScalar ? length.map { $0 % size == 0 } ?? false : Set(sizes).count == 1
        if isEven { shape[axis] = .known(size) }
      }
    } else if keepsAxis {
      shape[axis] = 1
    } else {
      shape.dimensions.remove(at: axis)
    }
    return [Inferred(value: .sequence(.tensor(TensorType(type.elementType, shape))))]
  }

  package func evaluate(_ call: Call) throws(ModelError) -> [Datum?] {
    let x = try call.tensor(0)
    let axis = try normalizedAxes([axis], rank: x.dimensions.count, label: call.label)[0]
    let length = x.dimensions[axis]
    var parts: [Datum] = []
    for range in try ranges(of: length, call) {
      guard let part = x.slice(range, axis: axis) else {
        throw ModelError(
          .unsupported,
          "\(call.label), input 0: element type \(x.elementType) is not supported here")
      }
      guard call.optional(1) == nil, !keepsAxis else {
        parts.append(.tensor(part))
        continue
      }
      var flat = part
      flat.dimensions.remove(at: axis)
      parts.append(.tensor(flat))
    }
    return [.sequence(parts, of: .tensor(TensorType(x.elementType, nil)))]
  }

  private func ranges(of length: Int, _ call: Call) throws(ModelError) -> [Range<Int>] {
    guard call.optional(1) != nil else { return (0..<length).map { $0..<$0 + 1 } }
    let sizes = try call.integers(1)
    if try call.tensor(1).dimensions.isEmpty {
      guard let size = sizes.first, size > 0 else {
        throw call.mismatch(1, expected: "a length above 0")
      }
      return stride(from: 0, to: length, by: size).map { $0..<min($0 + size, length) }
    }
    var ranges: [Range<Int>] = []
    var start = 0
    for size in sizes {
      guard size >= 0, size <= length - start else {
        throw ModelError(
          .invalid, "\(call.label): expected parts that add up to \(length), found \(sizes)")
      }
      ranges.append(start..<start + size)
      start += size
    }
    guard start == length else {
      throw ModelError(
        .invalid, "\(call.label): expected parts that add up to \(length), found \(sizes)")
    }
    return ranges
  }
}
