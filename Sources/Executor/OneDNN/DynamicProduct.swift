internal import COneDNN
internal import IR
internal import Kernels
internal import Operators

/// A product of 8-bit integers into int32 whose right side is constant, and whose left side has a
/// zero-point that each run brings.
final class DynamicProduct: FastStep {
  private let product: PreparedStep
  /// The zero-point, where the primitive reads it.
  private let zero: Zero

  private final class Zero {
    let address = UnsafeMutablePointer<Int32>.allocate(capacity: 1)
    deinit { address.deallocate() }
  }

  var readsLayouts: Bool { false }

  /// Nil for operands that only the kernel multiplies.
  init?(_ constants: [RuntimeTensor?], given: [Bool], _ accelerator: Accelerator) {
    guard accelerator.multipliesBytes, let b = constants[safe: 1] ?? nil, b.shape.count >= 2,
      b.shape.dropLast(2).allSatisfy({ $0 == 1 }),
      let right = Self.zeroPoint(constants, given)
    else { return nil }
    let zero = Zero()
    self.zero = zero
    let weights = Weights([nil, b], present: [true, true], zeroPoint: right, accelerator)
    product = PreparedStep(accelerator, types: .bytes(1), readsLayouts: false) {
      [unowned accelerator] (call) throws(ModelError) in
      let fixed = Memory.Fixed(address: UnsafeRawPointer(zero.address), owner: zero)
      guard let one = dnnl_memory_desc_t.rowMajor([1], dnnl_s32),
        let memory = Memory(one, accelerator.engine, fixed: fixed)
      else { return nil }
      return try accelerator.integerProduct(call, weights, zero: memory)
    }
  }

  /// The one zero-point of the right side; nil where columns have their own.
  private static func zeroPoint(_ constants: [RuntimeTensor?], _ given: [Bool]) -> Int32? {
    guard given[safe: 3] ?? false else { return 0 }
    guard let values = (constants[safe: 3] ?? nil)?.view.integers, let first = values.first,
      values.allSatisfy({ $0 == first })
    else { return nil }
    return Int32(truncatingIfNeeded: first)
  }

  func takes(_ operands: [RuntimeTensor?]) -> Bool { product.takes(operands) }

  func run(_ call: FastCall) throws(ModelError) -> [RuntimeTensor?]? {
    var value = 0
    if let given = call.operands[safe: 2] ?? nil {
      guard given.count == 1, given.elementType == call.operands[0]?.elementType,
        let only = given.view.integers?.first
      else { return nil }
      value = only
    }
    zero.address.pointee = Int32(truncatingIfNeeded: value)
    return try product.run(call)
  }
}

extension Accelerator {
  /// Compiles the product of bytes with constant weights.
  ///
  /// - Parameter zero: where the zero-point of the left side is.
  fileprivate func integerProduct(
    _ call: FastCall, _ weights: Weights, zero: Memory
  ) throws(ModelError) -> Prepared? {
    let (product, output) = try BatchedProduct().shape(call.shapes)
    let rows = product.batches * product.m
    guard let type = (call.operands[0]?.elementType).flatMap({ dnnl_data_type_t($0) }),
      var left = dnnl_memory_desc_t.rowMajor([rows, product.k], type),
      let given = dnnl_memory_desc_t.rowMajor([product.k, product.n], dnnl_s8),
      var right = dnnl_memory_desc_t.any([product.k, product.n], dnnl_s8),
      var result = dnnl_memory_desc_t.rowMajor([rows, product.n], dnnl_s32),
      let after = PostOperations(sourceZero: zero)
    else { return nil }
    var bias = dnnl_memory_desc_t()
    var operation = dnnl_matmul_desc_t()
    guard dnnl_matmul_desc_init(&operation, &left, &right, &bias, &result) == dnnl_success,
      let primitive = Primitive(operation, engine, after: after),
      let wanted = primitive.layout(dnnl_query_weights_md),
      let memory = weights.memory(1, given: given, wanted: wanted)
    else { return nil }
    return Prepared(
      primitive,
      operands: [
        Prepared.Operand(index: 0, argument: DNNL_ARG_SRC_0, given: left, wanted: left)
      ], fixed: [(DNNL_ARG_WEIGHTS_0, memory)], result: result, shape: output, after: after, self)
  }
}
