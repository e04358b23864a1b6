internal import COneDNN
internal import Execution
internal import IR
internal import Kernels

/// Elementwise work on tensors in a layout of oneDNN's. Row-major ones are left to the kernels, but
/// for functions that take long an element.
extension Accelerator {
  func unary(_ function: UnaryFunction) -> (any FastStep)? {
    guard let functions = ElementFunction.chain(function), functions.count == 1,
      let primitive = PrimitiveFunction(functions[0].function)
    else { return nil }
    let takesRowMajor = primitive.isSlow
    return PreparedStep(self) { [unowned self] (call) throws(ModelError) in
      guard takesRowMajor || call.operands[0]?.arrangement != nil else { return nil }
      return self.unary(functions[0], call)
    }
  }

  /// A function that is spelled out in the graph.
  func unary(_ functions: [ElementFunction]) -> (any FastStep)? {
    guard functions.count == 1 else { return nil }
    return PreparedStep(self) { [unowned self] (call) throws(ModelError) in
      self.unary(functions[0], call)
    }
  }

  /// - Parameter fixed: the bounds; nil where inputs 1 and 2 have them.
  func clip(_ fixed: ClosedRange<Float>?, _ constants: [RuntimeTensor?]) -> (any FastStep)? {
    // An absent bound is the largest number of its sign.
    var bounds = [-Float.greatestFiniteMagnitude, .greatestFiniteMagnitude]
    if let fixed {
      bounds = [fixed.lowerBound, fixed.upperBound]
    } else {
      for index in 1...2 where index < constants.count {
        guard let bound = constants[index], bound.elementType == .float, bound.count == 1 else {
          return nil
        }
        bounds[index - 1] = bound.bytes.loadUnaligned(as: Float.self)
      }
    }
    let (low, high) = (bounds[0], bounds[1])
    guard low <= high else { return nil }
    return PreparedStep(self) { [unowned self] (call) throws(ModelError) in
      call.operands[0]?.arrangement == nil ? nil : self.unary(.clip(low, high), call)
    }
  }

  private func unary(_ function: ElementFunction, _ call: FastCall) -> Prepared? {
    guard let x = call.operands[0], let named = PrimitiveFunction(function.function),
      var layout = x.layout?.descriptor ?? dnnl_memory_desc_t.rowMajor([x.count])
    else { return nil }
    var operation = dnnl_eltwise_desc_t()
    let status = dnnl_eltwise_forward_desc_init(
      &operation, dnnl_forward_inference, named.algorithm, &layout, named.alpha, named.beta)
    guard status == dnnl_success, let primitive = Primitive(operation, engine) else { return nil }
    return Prepared(
      primitive,
      operands: [
        Prepared.Operand(index: 0, argument: DNNL_ARG_SRC_0, given: layout, wanted: layout)
      ], result: layout, shape: x.shape, sharing: [0],
      reach: Reach(after: [.function(function)]), self)
  }

  func binary(_ function: BinaryFunction) -> (any FastStep)? {
    guard let algorithm = PrimitiveFunction.binary(function) else { return nil }
    let commutes = function == .add || function == .multiply
    let primitive = PreparedStep(self) { [unowned self] (call) throws(ModelError) in
      guard let a = call.operands[0], let b = call.operands[1] else { return nil }
      if a.layout != nil { return self.binary(algorithm, 0, 1, call) }
      return b.layout != nil && commutes ? self.binary(algorithm, 1, 0, call) : nil
    }
    return BinaryInOrder(function, primitive)
  }

  /// The operand `first` has a layout and the output's shape; the other is brought to that layout
  /// or stretched.
  private func binary(
    _ algorithm: dnnl_alg_kind_t, _ first: Int, _ second: Int, _ call: FastCall
  ) -> Prepared? {
    guard let a = call.operands[first], let b = call.operands[second],
      var layout = a.layout?.descriptor
    else { return nil }
    let shape = [Int](repeating: 1, count: max(0, a.shape.count - b.shape.count)) + b.shape
    guard layout.lengths == a.shape, shape.count == a.shape.count,
      zip(shape, a.shape).allSatisfy({ $0 == $1 || $0 == 1 }),
      let given = b.layout?.descriptor ?? dnnl_memory_desc_t.rowMajor(shape),
      given.lengths == shape
    else { return nil }
    var wanted = shape == a.shape ? layout : given
    var operation = dnnl_binary_desc_t()
    guard
      dnnl_binary_desc_init(&operation, algorithm, &layout, &wanted, &layout) == dnnl_success,
      let primitive = Primitive(operation, engine, fast: true)
    else { return nil }
    return Prepared(
      primitive,
      operands: [
        Prepared.Operand(index: first, argument: DNNL_ARG_SRC_0, given: layout, wanted: layout),
        Prepared.Operand(index: second, argument: DNNL_ARG_SRC_1, given: given, wanted: wanted),
      ], result: layout, shape: a.shape, sharing: [first], self)
  }

  /// Concatenation where an operand is in a layout of oneDNN's.
  func join(_ given: Int) -> any FastStep {
    PreparedStep(self) { [unowned self] (call) throws(ModelError) in
      let parts = call.operands.compactMap { $0 }
      guard parts.count == call.operands.count, parts.count <= 64,
        parts.contains(where: { $0.layout != nil }), let first = parts.first
      else { return nil }
      let rank = first.shape.count
      let axis = given < 0 ? given + rank : given
      guard axis >= 0, axis < rank else { return nil }
      var shape = first.shape
      shape[axis] = 0
      for part in parts {
        guard part.shape.count == rank,
          (0..<rank).allSatisfy({ $0 == axis || part.shape[$0] == first.shape[$0] })
        else { return nil }
        shape[axis] += part.shape[axis]
      }
      let layouts = parts.compactMap(\.descriptor)
      guard layouts.count == parts.count, layouts.allSatisfy({ Int($0.ndims) == rank }) else {
        return nil
      }
      var descriptor: dnnl_primitive_desc_t?
      let status = Scratch.withAttributes {
        dnnl_concat_primitive_desc_create(
          &descriptor, nil, Int32(parts.count), Int32(axis), layouts, $0, engine)
      }
      guard status == dnnl_success, let descriptor,
        let primitive = Primitive(descriptor, fast: true),
        let result = primitive.layout(dnnl_query_dst_md)
      else { return nil }
      let operands = layouts.enumerated().map { index, layout in
        Prepared.Operand(
          index: index, argument: DNNL_ARG_MULTIPLE_SRC + Int32(index), given: layout,
          wanted: layout)
      }
      return Prepared(
        primitive, operands: operands, result: result, shape: shape,
        reach: Reach(sources: Array(parts.indices)), self)
    }
  }
}
