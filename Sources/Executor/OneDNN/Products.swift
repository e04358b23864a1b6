internal import COneDNN
internal import IR
internal import Kernels
internal import Operators

extension Accelerator {
  func product(_ op: MatMul, _ weights: Weights) -> any FastStep {
    PreparedStep { [unowned self] (call) throws(ModelError) in
      guard call.operands.allSatisfy({ $0?.layout == nil }) else { return nil }
      let (product, output) = try op.product.shape(call.shapes)
      let a = call.operands[0]?.shape ?? [], b = call.operands[1]?.shape ?? []
      let right = b.count < 2 ? [product.k, product.n] : Array(b.suffix(2))
      // One right matrix for all: the left ones are rows of one tall matrix.
      if b.dropLast(2).allSatisfy({ $0 == 1 }) {
        let rows = product.batches * product.m
        return self.product(
          call, weights, .rowMajor([rows, product.k]), .rowMajor(right),
          .rowMajor([rows, product.n]), bias: nil, shape: output)
      }
      let rank = max(a.count, b.count) - 2
      func stack(_ shape: [Int], _ matrix: [Int]) -> dnnl_memory_desc_t? {
        let batch = Array(shape.dropLast(2))
        return .rowMajor([Int](repeating: 1, count: rank - batch.count) + batch + matrix)
      }
      // A vector has no place among stacks: rows and columns of length 1 are left out of it.
      guard a.count >= 2, b.count >= 2 else { return nil }
      return self.product(
        call, weights, stack(a, [product.m, product.k]), stack(b, right),
        .rowMajor(output), bias: nil, shape: output)
    }
  }

  func product(_ op: Gemm, _ weights: Weights) -> (any FastStep)? {
    guard op.alpha == 1, op.beta == 1 else { return nil }
    return PreparedStep { [unowned self] (call) throws(ModelError) in
      guard call.operands.allSatisfy({ $0?.layout == nil }) else { return nil }
      let shape = try op.shape(call.shapes)
      func matrix(_ lengths: [Int], transposed: Bool) -> dnnl_memory_desc_t? {
        transposed ? .strided(lengths, [1, lengths[0]]) : .rowMajor(lengths)
      }
      var bias: dnnl_memory_desc_t?
      if let c = call.operands[safe: 2] ?? nil {
        let padded = [Int](repeating: 1, count: max(0, 2 - c.shape.count)) + c.shape
        // A row, a column, one number or a whole matrix.
        guard padded.count == 2, padded[0] == 1 || padded[0] == shape.m,
          padded[1] == 1 || padded[1] == shape.n,
          let descriptor = dnnl_memory_desc_t.rowMajor(padded)
        else { return nil }
        bias = descriptor
      }
      return self.product(
        call, weights, matrix([shape.m, shape.k], transposed: op.transA),
        matrix([shape.k, shape.n], transposed: op.transB), .rowMajor([shape.m, shape.n]),
        bias: bias, shape: [shape.m, shape.n])
    }
  }

  private func product(
    _ call: FastCall, _ weights: Weights, _ a: dnnl_memory_desc_t?, _ b: dnnl_memory_desc_t?,
    _ y: dnnl_memory_desc_t?, bias: dnnl_memory_desc_t?, shape: [Int]
  ) -> Prepared? {
    guard var a, let given = b, var y else { return nil }
    // A constant can be laid out once as the primitive likes; anything else is read as it comes.
    var right = given
    if weights.has(1) {
      guard let any = dnnl_memory_desc_t.any(given.lengths) else { return nil }
      right = any
    }
    var addend = bias ?? dnnl_memory_desc_t()
    var operation = dnnl_matmul_desc_t()
    guard dnnl_matmul_desc_init(&operation, &a, &right, &addend, &y) == dnnl_success,
      let primitive = Primitive(operation, engine),
      let wanted = primitive.layout(dnnl_query_weights_md)
    else { return nil }
    var operands = [Prepared.Operand(index: 0, argument: DNNL_ARG_SRC_0, given: a, wanted: a)]
    var fixed: [(argument: Int32, memory: Memory)] = []
    if weights.has(1) {
      guard let memory = weights.memory(1, given: given, wanted: wanted) else { return nil }
      fixed.append((DNNL_ARG_WEIGHTS_0, memory))
    } else {
      operands.append(
        Prepared.Operand(index: 1, argument: DNNL_ARG_WEIGHTS_0, given: given, wanted: wanted))
    }
    if let bias {
      operands.append(
        Prepared.Operand(index: 2, argument: DNNL_ARG_BIAS, given: bias, wanted: bias))
    }
    return Prepared(primitive, operands: operands, fixed: fixed, result: y, shape: shape, self)
  }
}
