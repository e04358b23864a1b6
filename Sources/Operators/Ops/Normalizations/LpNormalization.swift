package import IR
import Kernels

/// Division by the 1- or 2-norm along an axis
/// (https://onnx.ai/onnx/operators/onnx__LpNormalization.html). A zero norm gives zeros.
package struct LpNormalization: Operator {
  package static let schema = Schema(
    "LpNormalization", opsets: 1...28,
    signature: """
      1: (T) -> T; <axis: int = -1, p: int = 2>; T: floats
      22: T + bfloat16
      """)

  private let axis: Int
  private let norm: ReduceFunction

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    axis = try node.int("axis", default: -1)
    let p = try node.int("p", default: 2)
    guard p == 1 || p == 2 else { throw node.mismatch("p", expected: "1 or 2", found: "\(p)") }
    norm = p == 1 ? .l1 : .l2
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    _ = try inputs.axis(axis, of: 0)
    return [Inferred(inputs.type(0))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let x = try context.source(0)
    let axes = try normalizedAxes([axis], rank: x.shape.count, label: context.label)
    let y = try context.output(0, context.input(0).elementType, x.shape)
    guard x.scalar == .float || x.scalar == .double else { throw context.unsupportedTypes([0]) }
    var shape = x.shape
    for axis in axes { shape[axis] = 1 }
    let bytes = UnsafeMutableRawBufferPointer.allocate(
      byteCount: shape.reduce(1, *) * x.scalar.size, alignment: 64)
    defer { bytes.deallocate() }
    let norms = Target(x.scalar, shape, bytes)
    guard reduce(norm, x, axes: axes, into: norms) else { throw context.unsupportedTypes([0]) }
    if x.scalar == .float {
      keepPositive(norms.elements(Float.self))
    } else {
      keepPositive(norms.elements(Double.self))
    }
    let divisor = Source(x.scalar, shape, UnsafeRawBufferPointer(bytes))
    guard binary(.divide, x, divisor, into: y) else { throw context.unsupportedTypes([0]) }
  }

  /// Zero norms become 1: the elements are zeros then, and stay so.
  private func keepPositive<T: BinaryFloatingPoint>(_ norms: UnsafeMutableBufferPointer<T>) {
    for index in norms.indices where norms[index] == 0 { norms[index] = 1 }
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    guard let rank = inputs.rank(0), let axis = try? inputs.normalizedAxis(axis, rank: rank) else {
      return .barrier("shape of input 0 is not known")
    }
    return .alongside(inputs.shape(0), frozen: [axis], reason: "normalised over this axis")
  }
}

extension LpNormalization {
  package var gradient: Gradient {
    .rule { [axis, norm] call throws(ModelError) in
      let g = try call.cotangent(0), x = try call.input(0), y = try call.output(0)
      let axes = [try call.axis(axis)]
      let along = (g * y).sum(axes)
      let size = norm == .l1 ? x.abs.sum(axes) : x.squared.sum(axes).sqrt
      let slope = norm == .l1 ? g - x.sign * along : g - y * along
      // Zeros stay zeros.
      return [size.isAbove(0).select((slope / size).typed(as: x.type))]
    }
  }
}
