package import IR
private import Kernels

/// Ones on a diagonal, in the shape of a matrix
/// (https://onnx.ai/onnx/operators/onnx__EyeLike.html).
package struct EyeLike: Operator {
  package static let schema = Schema(
    "EyeLike", opsets: 9...28,
    signature: """
      9: (T1) -> T2; <dtype: int, k: int = 0>; T1: numbers bool; T2: numbers bool
      22: T1 + bfloat16; T2 + bfloat16
      """)
  /// The element type; the input's when nil.
  let elementType: ElementType?
  let diagonal: Int

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    elementType =
      node.has("dtype")
      ? ElementType(rawValue: Int32(clamping: try node.int("dtype"))) : nil
    diagonal = try node.int("k", default: 0)
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    try inputs.requireRank(0, 2...2)
    return [Inferred(elementType ?? inputs.elementType(0), inputs.shape(0))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let x = try context.input(0)
    let type = elementType ?? x.elementType
    guard x.shape.count == 2, let one = one(type) else {
      throw context.mismatch(
        0, expected: "a matrix of numbers", found: "\(TensorType(type, x.shape))")
    }
    let y = try context.bytes(type, x.shape)
    guard let to = y.baseAddress, y.count > 0 else { return }
    let (rows, columns) = (x.shape[0], x.shape[1])
    let shift = min(max(diagonal, -rows), columns)
    let offsets = (0..<rows).filter { (0..<columns).contains($0 + shift) }.map {
      $0 * columns + $0 + shift
    }
    one.withUnsafeBytes { one in
      to.initializeMemory(as: UInt8.self, repeating: 0, count: y.count)
      if let element = one.baseAddress { write(element, width: one.count, at: offsets, of: to) }
    }
  }

  /// The bytes of the number 1.
  private func one(_ type: ElementType) -> [UInt8]? {
    func bytes<T>(_ value: T) -> [UInt8] { withUnsafeBytes(of: value) { Array($0) } }
    switch type {
    case .float: return bytes(Float(1))
    case .double: return bytes(Double(1))
    case .float16: return bytes(Float16(1).bitPattern)
    case .bfloat16: return bytes(UInt16(0x3F80))
    case .bool, .uint8, .int8: return [1]
    case .uint16, .int16: return bytes(UInt16(1))
    case .uint32, .int32: return bytes(UInt32(1))
    case .uint64, .int64: return bytes(UInt64(1))
    default: return nil
    }
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .alongside(inputs.shape(0), frozen: [0, 1], reason: "its length is read by EyeLike")
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm {
    .float(reason: "works on shapes")
  }
}

extension EyeLike {
  package var gradient: Gradient { .zero }
}
