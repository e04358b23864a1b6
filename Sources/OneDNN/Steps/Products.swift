internal import COneDNN
internal import Execution
internal import IR
internal import Kernels
internal import Operators

extension Accelerator {
  /// The product of the step's inputs 0 and 1, plus input 2, a row.
  func matrixProduct(_ weights: Weights, _ finish: Finish) -> PreparedStep.Prepare {
    { [unowned self] (call) throws(ModelError) in
      let (product, output) = try BatchedProduct().shape(call.shapes)
      guard let a = call.operands[0], let b = call.operands[1],
        let type = dnnl_data_type_t(a.elementType)
      else { return nil }
      // What follows the product of two vectors may give it an axis.
      if case .chain = finish, output.isEmpty { return nil }
      let result = finish.type(for: type)
      let right = b.shape.count < 2 ? [product.k, product.n] : Array(b.shape.suffix(2))
      // One right matrix for all: the left ones are rows of one tall matrix.
      if b.shape.dropLast(2).allSatisfy({ $0 == 1 }) {
        let rows = product.batches * product.m
        guard let y = dnnl_memory_desc_t.rowMajor([rows, product.n], result) else { return nil }
        return self.product(
          call, weights, finish, a: a.matrix([rows, product.k]), b: b.matrix(right), y: y,
          shape: output)
      }
      // A vector has no place among stacks: rows and columns of length 1 are left out of it.
      let rank = max(a.shape.count, b.shape.count)
      guard a.shape.count >= 2, b.shape.count >= 2,
        let y = dnnl_memory_desc_t.rowMajor(output, result)
      else { return nil }
      return self.product(
        call, weights, finish, a: a.stack(rank), b: b.stack(rank), y: y, shape: output)
    }
  }

  /// The product of the step's inputs 0 and 1, plus input 2.
  func product(
    _ form: MatrixProductForm, _ weights: Weights, _ finish: Finish
  ) -> PreparedStep.Prepare? {
    guard form.isPlain else { return nil }
    return { [unowned self] (call) throws(ModelError) in
      guard let left = call.operands[0], let right = call.operands[safe: 1] ?? nil,
        let type = dnnl_data_type_t(left.elementType),
        let shape = form.shape(left.shape, right.shape)
      else { return nil }
      let types = type == dnnl_f32 ? (dnnl_f32, dnnl_f32) : (dnnl_s8, dnnl_s32)
      func matrix(_ lengths: [Int], _ type: dnnl_data_type_t, transposed: Bool) -> Matrix? {
        let lying: dnnl_memory_desc_t? =
          transposed ? .strided(lengths, [1, lengths[0]], type) : .rowMajor(lengths, type)
        return lying.map { Matrix(given: $0, seen: $0) }
      }
      var bias: Prepared.Operand?
      if weights.isGiven(2), let c = call.operands[safe: 2] ?? nil {
        let padded = [Int](repeating: 1, count: max(0, 2 - c.shape.count)) + c.shape
        // A row, a column, one number or a whole matrix.
        guard padded.count == 2, padded[0] == 1 || padded[0] == shape.m,
          padded[1] == 1 || padded[1] == shape.n,
          let descriptor = dnnl_memory_desc_t.rowMajor(padded, types.1)
        else { return nil }
        bias = Prepared.Operand(
          index: 2, argument: DNNL_ARG_BIAS, given: descriptor, wanted: descriptor)
      }
      guard let y = dnnl_memory_desc_t.rowMajor([shape.m, shape.n], finish.type(for: type)) else {
        return nil
      }
      return self.product(
        call, weights, finish,
        a: matrix([shape.m, shape.k], type, transposed: form.transposesLeft),
        b: matrix([shape.k, shape.n], types.0, transposed: form.transposesRight), y: y,
        shape: [shape.m, shape.n],
        bias: bias)
    }
  }

  private func product(
    _ call: FastCall, _ weights: Weights, _ finish: Finish, a: Matrix?, b: Matrix?,
    y: dnnl_memory_desc_t, shape: [Int], bias given: Prepared.Operand? = nil
  ) -> Prepared? {
    guard let a, var b else { return nil }
    // Constants of bytes come with their zero-point taken off.
    if weights.has(1), b.seen.data_type == dnnl_u8 { b = b.signed }
    var bias = given
    // A constant can be laid out once as the primitive likes; anything else is read as it comes.
    var right = b.seen
    if weights.has(1) {
      guard let any = dnnl_memory_desc_t.any(b.seen.lengths, b.seen.data_type) else {
        return nil
      }
      right = any
    }
    var reach = Reach(factor: .operand(1), terms: a.seen.lengths.last ?? 1)
    var following: PostOperations?
    guard follow(finish, call, y, shape, &bias, &reach, &following) else { return nil }
    reach.addend = bias.map { .operand($0.index) }
    reach.prepare(call)
    var (left, target, addend) = (a.seen, y, bias?.wanted ?? dnnl_memory_desc_t())
    var operation = dnnl_matmul_desc_t()
    guard dnnl_matmul_desc_init(&operation, &left, &right, &addend, &target) == dnnl_success else {
      return nil
    }
    var made = Primitive(operation, engine, after: following)
    if made == nil, case .chain = finish, !reach.after.isEmpty {
      // Before AVX-512 sums are added to what lies in the output first of all only.
      following = PostOperations(
        reach.after, call, target: y, shape: shape, accumulates: false, self)
      made = following.flatMap { Primitive(operation, engine, after: $0) }
    }
    guard let primitive = made, let wanted = primitive.layout(dnnl_query_weights_md) else {
      return nil
    }
    var operands = [a.operand(0, DNNL_ARG_SRC_0)]
    var fixed: [(argument: Int32, memory: Memory)] = []
    if weights.has(1) {
      guard let memory = weights.memory(1, given: b.seen, wanted: wanted) else { return nil }
      fixed.append((DNNL_ARG_WEIGHTS_0, memory))
    } else {
      operands.append(b.operand(1, DNNL_ARG_WEIGHTS_0))
    }
    if let bias { operands.append(bias) }
    return Prepared(
      primitive, operands: operands, fixed: fixed, result: y, shape: shape, after: following,
      reach: y.data_type == dnnl_f32 ? reach : nil, self)
  }

  /// What a product does to its sums, and the row that it adds first where it has no bias yet; false
  /// where oneDNN cannot do it.
  private func follow(
    _ finish: Finish, _ call: FastCall, _ y: dnnl_memory_desc_t, _ shape: [Int],
    _ bias: inout Prepared.Operand?, _ reach: inout Reach, _ following: inout PostOperations?
  ) -> Bool {
    switch finish {
    case .none: return true
    case .chain(var after):
      if bias == nil, let row = self.bias(after, call, y.lengths, rank: shape.count) {
        bias = row
        after.removeFirst()
      }
      reach.after = after
      guard !after.isEmpty else { return true }
      following = PostOperations(after, call, target: y, shape: shape, self)
    case .integer(let operation):
      following = PostOperations(operation, axis: y.lengths.count - 1)
    case .sums(let zero): following = PostOperations(sourceZero: zero)
    }
    return following != nil
  }

  /// The row that is added to every row of the result first, as a bias; nil where none is.
  private func bias(
    _ after: [PostOperation], _ call: FastCall, _ lengths: [Int], rank: Int
  ) -> Prepared.Operand? {
    guard case .binary(.add, let input)? = after.first, let row = call.operands[safe: input] ?? nil,
      row.shape.last == lengths.last, row.shape.dropLast().allSatisfy({ $0 == 1 }),
      row.shape.count <= min(rank, lengths.count)
    else { return nil }
    var shape = [Int](repeating: 1, count: lengths.count)
    shape[lengths.count - 1] = lengths[lengths.count - 1]
    guard let wanted = dnnl_memory_desc_t.rowMajor(shape), let given = row.descriptor(of: shape)
    else { return nil }
    return Prepared.Operand(index: input, argument: DNNL_ARG_BIAS, given: given, wanted: wanted)
  }
}

/// A stack of matrices as it comes and as a product reads it.
private struct Matrix {
  /// The layout of the operand.
  let given: dnnl_memory_desc_t
  /// The layout to bring it to, with the axes of the operand.
  var wanted: dnnl_memory_desc_t?
  /// The same memory with the axes of the product.
  let seen: dnnl_memory_desc_t

  /// The same arrangement of signed bytes.
  var signed: Matrix {
    var (given, seen) = (given, seen)
    given.data_type = dnnl_s8
    seen.data_type = dnnl_s8
    return Matrix(given: given, seen: seen)
  }

  func operand(_ index: Int, _ argument: Int32) -> Prepared.Operand {
    Prepared.Operand(
      index: index, argument: argument, given: given, wanted: wanted ?? given, seen: seen)
  }
}

extension RuntimeTensor {
  /// The elements as one matrix of the given lengths.
  fileprivate func matrix(_ lengths: [Int]) -> Matrix? {
    let type = dnnl_data_type_t(elementType)
    guard let type, let seen = dnnl_memory_desc_t.rowMajor(lengths, type) else { return nil }
    guard let layout else { return Matrix(given: seen, seen: seen) }
    if layout.descriptor.lengths == lengths, layout.descriptor.isMatrix {
      return Matrix(given: layout.descriptor, seen: layout.descriptor)
    }
    guard let plain = dnnl_memory_desc_t.rowMajor(shape, type) else { return nil }
    return Matrix(given: layout.descriptor, wanted: plain, seen: seen)
  }

  /// The elements as a stack of matrices with `rank` axes in all.
  fileprivate func stack(_ rank: Int) -> Matrix? {
    matrix([Int](repeating: 1, count: rank - shape.count) + shape)
  }
}

extension dnnl_memory_desc_t {
  /// Whether rows or columns of the last two axes lie in one piece.
  var isMatrix: Bool {
    guard format_kind == dnnl_blocked, format_desc.blocking.inner_nblks == 0, ndims >= 2 else {
      return false
    }
    return withUnsafeBytes(of: format_desc.blocking.strides) { bytes in
      let strides = bytes.bindMemory(to: Int64.self)
      return strides[Int(ndims) - 1] == 1 || strides[Int(ndims) - 2] == 1
    }
  }
}
