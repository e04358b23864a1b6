package import IR
private import Kernels

/// One at the first largest element along an axis, zero elsewhere
/// (https://onnx.ai/onnx/operators/onnx__Hardmax.html).
package struct Hardmax: AlongAxis {
  package static let schema = Schema(
    "Hardmax", opsets: 1...28,
    signature: """
      1: (T) -> T; <axis: int = 1>; T: floats
      13: <axis: int = -1>; T + bfloat16
      """)
  package let axis: Int
  package let flattens: Bool

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    flattens = opset < 13
    axis = try node.int("axis", default: flattens ? 1 : -1)
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let x = try context.source(0)
    let (outer, length, inner) = try runs(x.shape, label: context.label)
    var values = [Double](repeating: 0, count: x.count)
    if x.count > 0 {
      let places = [Int64](unsafeUninitializedCapacity: outer * inner) { buffer, count in
        count = outer * inner
        guard let to = buffer.baseAddress else { return }
        indexOfExtreme(
          x, outer: outer, length: length, inner: inner, largest: true, takesLast: false, into: to)
      }
      for (line, place) in places.enumerated() {
        values[(line / inner * length + Int(place)) * inner + line % inner] = 1
      }
    }
    try context.write(values, context.input(0).elementType, x.shape)
  }
}

extension Hardmax {
  package var gradient: Gradient { .zero }
}

extension Hardmax {
  package static let revisions: [Revision] = [
    .negativeAxes("axis"), .oneAxis,
  ]
}
