internal import COneDNN
internal import Execution
internal import IR
internal import Kernels

/// What a primitive does to its results before it writes them, and the operands it needs for that.
final class PostOperations {
  let attributes: dnnl_primitive_attr_t
  private(set) var operands: [Prepared.Operand] = []
  private(set) var fixed: [(argument: Int32, memory: Memory)] = []
  /// Whether an operand may lie in the output's memory beforehand, so that results are added to it.
  private var mayAccumulate = true

  private let operations: dnnl_post_ops_t
  private var count: Int32 = 0
  private var functions: [PrimitiveFunction] = []

  /// Operations on floats.
  ///
  /// - Parameters:
  ///   - target: the layout of the output. Its axes may be fewer than those of `shape` when leading
  ///     ones are merged.
  ///   - shape: the shape of the output, to which operands stretch.
  ///   - accumulates: whether an operand may lie in the output's memory beforehand.
  /// - Returns: nil where an operand does not stretch to the output, or oneDNN fails.
  convenience init?(
    _ chain: [PostOperation], _ call: FastCall, target: dnnl_memory_desc_t, shape: [Int],
    accumulates: Bool = true, _ accelerator: Accelerator
  ) {
    self.init()
    mayAccumulate = accumulates
    for operation in chain {
      guard append(operation, call, target, shape, accelerator) else { return nil }
      // An addition may come as two operations.
      count = dnnl_post_ops_len(operations)
    }
    guard finish() else { return nil }
  }

  private init?() {
    var attributes: dnnl_primitive_attr_t?
    var operations: dnnl_post_ops_t?
    guard dnnl_primitive_attr_create(&attributes) == dnnl_success, let attributes else {
      return nil
    }
    guard Scratch.isSet(on: attributes) else {
      dnnl_primitive_attr_destroy(attributes)
      return nil
    }
    guard dnnl_post_ops_create(&operations) == dnnl_success, let operations else {
      dnnl_primitive_attr_destroy(attributes)
      return nil
    }
    self.attributes = attributes
    self.operations = operations
  }

  /// Tells the attributes of the operations.
  private func finish() -> Bool {
    dnnl_primitive_attr_set_post_ops(attributes, operations) == dnnl_success
  }

  deinit {
    dnnl_post_ops_destroy(operations)
    dnnl_primitive_attr_destroy(attributes)
  }

  private func append(
    _ operation: PostOperation, _ call: FastCall, _ target: dnnl_memory_desc_t, _ shape: [Int],
    _ accelerator: Accelerator
  ) -> Bool {
    switch operation {
    case .function(let function): return append(function)
    case .affine(let factor, let offset):
      // Axis 1 of the output is the primitive's where no axes are merged.
      guard target.lengths.count == shape.count else { return false }
      return append(factor, dnnl_binary_mul, target, accelerator)
        && append(offset, dnnl_binary_add, target, accelerator)
    case .binary(let function, let input):
      guard let algorithm = PrimitiveFunction.binary(function),
        let operand = call.operands[safe: input] ?? nil
      else { return false }
      return append(algorithm, operand, input, target, shape)
    }
  }

  private func append(_ function: ElementFunction) -> Bool {
    guard let named = PrimitiveFunction(function.function),
      functions.allSatisfy({ $0.goes(with: named) })
    else { return false }
    functions.append(named)
    return dnnl_post_ops_append_eltwise(
      operations, 1, named.algorithm, named.alpha, named.beta) == dnnl_success
  }

  /// One number for each index of axis 1.
  private func append(
    _ numbers: [Float], _ algorithm: dnnl_alg_kind_t, _ target: dnnl_memory_desc_t,
    _ accelerator: Accelerator
  ) -> Bool {
    let lengths = target.lengths
    var wanted = [Int](repeating: 1, count: lengths.count)
    guard lengths.count > 1, numbers.count == lengths[1] else { return false }
    wanted[1] = numbers.count
    let storage = Storage(numbers)
    guard var layout = dnnl_memory_desc_t.rowMajor(wanted),
      let address = storage.bytes.baseAddress,
      let memory = Memory(
        layout, accelerator.engine, fixed: Memory.Fixed(address: address, owner: storage)),
      dnnl_post_ops_append_binary(operations, algorithm, &layout) == dnnl_success
    else { return false }
    fixed.append((Self.argument(count), memory))
    count += 1
    return true
  }

  private func append(
    _ algorithm: dnnl_alg_kind_t, _ operand: RuntimeTensor, _ input: Int,
    _ target: dnnl_memory_desc_t, _ shape: [Int]
  ) -> Bool {
    let lengths = target.lengths
    guard operand.shape.count <= shape.count else { return false }
    let padded =
      [Int](repeating: 1, count: shape.count - operand.shape.count) + operand.shape
    guard zip(padded, shape).allSatisfy({ $0 == $1 || $0 == 1 }) else { return false }
    if padded == shape {
      guard let given = operand.descriptor(of: lengths) else { return false }
      if algorithm == dnnl_binary_add, mayAccumulate {
        mayAccumulate = false
        operands.append(
          Prepared.Operand(index: input, argument: DNNL_ARG_DST_0, given: given, wanted: target))
        return dnnl_post_ops_append_sum(operations, 1) == dnnl_success
      }
      return append(algorithm, input, given: given, wanted: target)
    }
    // Merged leading axes: the operand must not change along them.
    let kept = lengths.count - 1
    let merged =
      lengths.count == shape.count
      ? padded : padded.dropLast(kept).allSatisfy { $0 == 1 } ? [1] + padded.suffix(kept) : nil
    guard let merged, let wanted = dnnl_memory_desc_t.rowMajor(merged),
      let given = operand.descriptor(of: merged)
    else { return false }
    return append(algorithm, input, given: given, wanted: wanted)
  }

  private func append(
    _ algorithm: dnnl_alg_kind_t, _ input: Int, given: dnnl_memory_desc_t,
    wanted: dnnl_memory_desc_t
  ) -> Bool {
    var wanted = wanted
    guard dnnl_post_ops_append_binary(operations, algorithm, &wanted) == dnnl_success else {
      return false
    }
    operands.append(
      Prepared.Operand(
        index: input, argument: Self.argument(count), given: given, wanted: wanted))
    return true
  }

  /// oneDNN's number for the second operand of an operation.
  private static func argument(_ index: Int32) -> Int32 {
    DNNL_ARG_ATTR_MULTIPLE_POST_OP_BASE * (index + 1) | DNNL_ARG_SRC_1
  }
}

extension PostOperations {
  /// Rounding of integer sums of products to integers of another scale.
  ///
  /// - Parameters:
  ///   - axis: the axis of the output along which scales differ.
  convenience init?(_ operation: IntegerOperation, axis: Int) {
    self.init()
    guard let (_, zero) = operation.a.single else { return nil }
    var source = zero
    guard
      zero == 0
        || dnnl_primitive_attr_set_zero_points(attributes, DNNL_ARG_SRC, 1, 0, &source)
          == dnnl_success
    else { return nil }
    guard let y = operation.y else { return }
    guard let (scale, offset) = y.single else { return nil }
    let scales = operation.b.scales.map { operation.a.scales[0] * $0 / scale }
    var target = offset
    guard
      dnnl_primitive_attr_set_output_scales(
        attributes, Int64(scales.count), scales.count > 1 ? 1 << Int32(axis) : 0, scales)
        == dnnl_success,
      offset == 0
        || dnnl_primitive_attr_set_zero_points(attributes, DNNL_ARG_DST, 1, 0, &target)
          == dnnl_success
    else { return nil }
    for function in operation.remainingFunctions {
      guard append(function.scaled(by: 1 / scale)) else { return nil }
    }
    guard finish() else { return nil }
  }

  /// A zero-point of the left operand that every run brings.
  convenience init?(sourceZero: Memory) {
    self.init()
    // The smallest number stands for one that is not known yet.
    var later = Int32.min
    guard
      dnnl_primitive_attr_set_zero_points(attributes, DNNL_ARG_SRC, 1, 0, &later) == dnnl_success
    else { return nil }
    fixed.append((DNNL_ARG_ATTR_ZERO_POINTS | DNNL_ARG_SRC, sourceZero))
  }

  /// Rounding of the sum of two tensors of integers.
  convenience init?(sum operation: IntegerOperation) {
    self.init()
    guard let (a, zeroA) = operation.a.single, let (b, zeroB) = operation.b.single,
      let (scale, zero) = operation.y?.single
    else { return nil }
    var (first, second) = (a / scale, b / scale)
    guard
      dnnl_primitive_attr_set_scales(attributes, DNNL_ARG_SRC_0, 1, 0, &first) == dnnl_success,
      dnnl_primitive_attr_set_scales(attributes, DNNL_ARG_SRC_1, 1, 0, &second) == dnnl_success
    else { return nil }
    let offset = -(first * Float(zeroA) + second * Float(zeroB))
    let functions = operation.remainingFunctions
    var chain = offset == 0 ? [] : [ElementFunction.affine(1, offset)]
    chain += functions.map { $0.scaled(by: 1 / scale) }
    if zero != 0 || functions.isEmpty {
      chain.append(ElementFunction.affine(1, Float(zero)))
    }
    if functions.isEmpty { chain = [ElementFunction.affine(1, offset + Float(zero))] }
    for function in chain { guard append(function) else { return nil } }
    guard finish() else { return nil }
  }
}

extension IntegerOperation {
  /// The functions without those that rounding to the range of the type does as well.
  fileprivate var remainingFunctions: [ElementFunction] {
    guard let y, let (_, zero) = y.single else { return functions }
    let lowest: Int32 = y.elementType == .int8 ? -128 : 0
    return functions.filter { !($0.isRelu && zero == lowest) }
  }
}

/// What happens to the results of a product.
enum Finish {
  case none
  case chain([PostOperation])
  case integer(IntegerOperation)
  /// Sums of products of bytes as they are, with the zero-point of the left side taken off.
  case sums(zero: Memory)

  /// The type of the result of a product of operands of the given type.
  func type(for type: dnnl_data_type_t) -> dnnl_data_type_t {
    switch self {
    case .none, .chain: type
    case .integer(let operation):
      operation.y.flatMap { dnnl_data_type_t($0.elementType) } ?? dnnl_s32
    case .sums: dnnl_s32
    }
  }
}
