package import IR

/// Strings of two tensors joined element by element, with broadcasting
/// (https://onnx.ai/onnx/operators/onnx__StringConcat.html).
package struct StringConcat: TextOperator {
  package static let schema = Schema(
    "StringConcat", opsets: 20...28,
    signature: """
      20: (T, T) -> T; T: string
      """)

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    try inputs.requireStrings(0)
    try inputs.requireStrings(1)
    return [Inferred(.string, try inputs.broadcast([0, 1]))]
  }

  package func evaluate(_ call: Call) throws(ModelError) -> [Datum?] {
    let (a, b) = (try call.strings(0), try call.strings(1))
    guard let shape = broadcastShape(a.shape, b.shape), let count = checkedProduct(shape) else {
      throw call.mismatch(1, expected: "a shape that broadcasts with \(a.shape)")
    }
    let (left, right) = (steps(a.shape, to: shape), steps(b.shape, to: shape))
    var results: [[UInt8]] = []
    results.reserveCapacity(count)
    for place in 0..<count {
      var (rest, from, with) = (place, 0, 0)
      for axis in shape.indices.reversed() {
        let index = rest % shape[axis]
        rest /= shape[axis]
        from += index * left[axis]
        with += index * right[axis]
      }
      results.append(a.texts[from] + b.texts[with])
    }
    return [.tensor(Tensor(strings: results, shape))]
  }

  /// Strides of a tensor in the broadcast shape; 0 along stretched axes.
  private func steps(_ shape: [Int], to whole: [Int]) -> [Int] {
    var result = [Int](repeating: 0, count: whole.count)
    var step = 1
    for axis in shape.indices.reversed() {
      if shape[axis] != 1 { result[axis + whole.count - shape.count] = step }
      step *= shape[axis]
    }
    return result
  }

  private func broadcastShape(_ a: [Int], _ b: [Int]) -> [Int]? {
    let rank = max(a.count, b.count)
    var result: [Int] = []
    for axis in 0..<rank {
      let x = axis < rank - a.count ? 1 : a[axis - rank + a.count]
      let y = axis < rank - b.count ? 1 : b[axis - rank + b.count]
      guard x == y || x == 1 || y == 1 else { return nil }
      result.append(x == 1 ? y : x)
    }
    return result
  }
}
