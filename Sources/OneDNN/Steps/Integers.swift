internal import COneDNN
internal import Execution
internal import IR
internal import Kernels
internal import Operators

extension Accelerator {
  /// Whether convolutions leave their channels side by side or in blocks; on processors before AVX2
  /// they are products of matrices, whose results are row-major.
  var arrangesChannels: Bool {
    let isa = dnnl_get_effective_cpu_isa().rawValue, avx2 = dnnl_cpu_isa_avx2.rawValue
    return isa & avx2 == avx2
  }

  /// An operator on 8-bit integers whose result is rounded to such.
  func lower(
    _ computation: Computation, _ operation: IntegerOperation, _ constants: [RuntimeTensor?]
  ) -> (any FastStep)? {
    guard operation.kind == .weighted else { return sum(operation) }
    let zeros = Set(operation.b.zeroPoints)
    guard zeros.count == 1, let zero = zeros.first else { return nil }
    let weights = Weights(
      constants, present: constants.map { $0 != nil }, zeroPoint: zero, self)
    let prepare: PreparedStep.Prepare?
    var readsLayouts = true
    switch computation {
    case .convolution(let form, _) where form.kind == .convolution:
      prepare = convolution(form, weights, .integer(operation))
    case .product(.stacks, _): prepare = matrixProduct(weights, .integer(operation))
    case .product(.matrices(let form), _):
      prepare = product(form, weights, .integer(operation))
      readsLayouts = false
    default: prepare = nil
    }
    return prepare.map { PreparedStep(self, types: .bytes(1), readsLayouts: readsLayouts, $0) }
  }

  /// An operator that moves or selects elements, on bytes.
  func lowerOnIntegers(_ computation: Computation) -> (any FastStep)? {
    switch computation {
    case .pool(let form):
      guard case .maximum = form.kind, let window = form.window else { return nil }
      return PreparedStep(self, types: .bytes(1), largest(window))
    case .transposition(let permutation): return TransposedView(permutation)
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
