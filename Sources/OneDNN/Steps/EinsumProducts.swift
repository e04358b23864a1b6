internal import COneDNN
internal import Execution
internal import IR
internal import Operators

extension Accelerator {
  /// Products of matrices that an equation names, with no element moved to bring axes in order where
  /// rows or columns lie in one piece.
  func product(_ axes: @escaping @Sendable ([[Int]]) -> ProductAxes?) -> any FastStep {
    PreparedStep(self) { [unowned self] (call) throws(ModelError) in
      let given = call.operands.compactMap { $0 }
      guard given.count == 2, let axes = axes(given.map(\.shape)),
        let a = given[0].descriptor?.withAxes(axes.left),
        let b = given[1].descriptor?.withAxes(axes.right)
      else { return nil }
      let lengths = Array(a.lengths.dropLast()) + b.lengths.suffix(1)
      let shape = axes.output.map { lengths[$0] }
      guard var left = a.asMatrices, var right = b.asMatrices,
        var result = dnnl_memory_desc_t.rowMajor(lengths),
        let shown = result.withAxes(axes.output)
      else { return nil }
      var bias = dnnl_memory_desc_t()
      var operation = dnnl_matmul_desc_t()
      guard dnnl_matmul_desc_init(&operation, &left, &right, &bias, &result) == dnnl_success,
        let primitive = Primitive(operation, engine)
      else { return nil }
      return Prepared(
        primitive,
        operands: [
          Prepared.Operand(index: 0, argument: DNNL_ARG_SRC_0, given: a, wanted: left),
          Prepared.Operand(index: 1, argument: DNNL_ARG_WEIGHTS_0, given: b, wanted: right),
        ], result: result, shown: shown, shape: shape, self)
    }
  }
}

extension dnnl_memory_desc_t {
  /// The same arrangement with the axes in another order; nil where oneDNN fails.
  ///
  /// - Parameter order: for each axis of the result the one of this.
  func withAxes(_ order: [Int]) -> dnnl_memory_desc_t? {
    var (given, permuted) = (self, dnnl_memory_desc_t())
    var places = [Int32](repeating: 0, count: order.count)
    for (axis, source) in order.enumerated() { places[source] = Int32(axis) }
    guard order.count == Int(ndims),
      dnnl_memory_desc_permute_axes(&permuted, &given, places) == dnnl_success
    else { return nil }
    return permuted
  }

  /// This where rows or columns of the last two axes lie in one piece, else a row-major arrangement.
  fileprivate var asMatrices: dnnl_memory_desc_t? { isMatrix ? self : .rowMajor(lengths) }
}
