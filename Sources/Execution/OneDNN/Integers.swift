internal import COneDNN
internal import IR
internal import Kernels
internal import Operators

extension Accelerator {
  /// Whether sums of products of bytes are exact on this machine. Before VNNI, pairs of products
  /// saturate at 16 bits.
  var multipliesBytes: Bool {
    let isa = dnnl_get_effective_cpu_isa().rawValue
    let vnni = dnnl_cpu_isa_avx512_core_vnni.rawValue, narrow = dnnl_cpu_isa_avx2_vnni.rawValue
    return isa & vnni == vnni || isa & narrow == narrow
  }

  /// Whether convolutions leave their channels side by side or in blocks; on processors before AVX2
  /// they are products of matrices, whose results are row-major.
  var arrangesChannels: Bool {
    let isa = dnnl_get_effective_cpu_isa().rawValue, avx2 = dnnl_cpu_isa_avx2.rawValue
    return isa & avx2 == avx2
  }

  /// An operator on 8-bit integers whose result is rounded to such.
  func lower(
    _ op: any Operator, _ operation: IntegerOperation, _ constants: [RuntimeTensor?]
  ) -> (any FastStep)? {
    guard operation.kind == .weighted else { return sum(operation) }
    let zeros = Set(operation.b.zeroPoints)
    guard zeros.count == 1, let zero = zeros.first else { return nil }
    let weights = Weights(
      constants, present: constants.map { $0 != nil }, zeroPoint: zero, self)
    let prepare: PreparedStep.Prepare?
    switch op {
    case let op as Conv: prepare = convolution(op.geometry, weights, .integer(operation))
    case let op as QLinearConv: prepare = convolution(op.geometry, weights, .integer(operation))
    case is MatMul, is QLinearMatMul: prepare = matrixProduct(weights, .integer(operation))
    case let op as Gemm: prepare = product(op, weights, .integer(operation))
    default: prepare = nil
    }
    return prepare.map { PreparedStep(self, types: .bytes(1), readsLayouts: !(op is Gemm), $0) }
  }

  /// An operator that moves or selects elements, on bytes.
  func lowerOnIntegers(_ op: any Operator) -> (any FastStep)? {
    switch op {
    case let op as MaxPool:
      return pool(op).map { PreparedStep(self, types: .bytes(1), $0) }
    case let op as Transpose: return TransposedView(op)
    default: return nil
    }
  }

  /// The sum of two tensors of bytes.
  private func sum(_ operation: IntegerOperation) -> any FastStep {
    PreparedStep(self, types: .bytes(2)) { [unowned self] (call) throws(ModelError) in
      guard let a = call.operands[0], let b = call.operands[1], a.shape == b.shape,
        let y = operation.y.flatMap({ dnnl_data_type_t($0.elementType) }),
        let given = b.descriptor(of: b.shape), var layout = a.descriptor(of: a.shape),
        let after = PostOperations(sum: operation)
      else { return nil }
      // The second operand and the result lie as the first one does.
      var second = layout, target = layout
      second.data_type = given.data_type
      target.data_type = y
      var operation = dnnl_binary_desc_t()
      guard
        dnnl_binary_desc_init(&operation, dnnl_binary_add, &layout, &second, &target)
          == dnnl_success,
        let primitive = Primitive(operation, engine, after: after)
      else { return nil }
      return Prepared(
        primitive,
        operands: [
          Prepared.Operand(index: 0, argument: DNNL_ARG_SRC_0, given: layout, wanted: layout),
          Prepared.Operand(index: 1, argument: DNNL_ARG_SRC_1, given: given, wanted: second),
        ], result: target, shape: a.shape, sharing: [0], after: after, self)
    }
  }
}
