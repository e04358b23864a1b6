package import IR

/// Runs an operator on constants with the reference kernels, its operands in the types that it takes.
///
/// - Parameter createdLabel: when the inputs are labels, what elements that the operator creates are
///   given.
/// - Returns: the outputs, or nil when an input is not given as a constant.
/// - Throws: what the operator throws.
package func evaluateConstant(
  _ op: any Operator, label: String, inputs: [Tensor?], outputs: Int, createdLabel: Int? = nil
) throws(ModelError) -> [Tensor]? {
  var views: [TensorView?] = []
  var storages: [Storage] = []
  var isAdapted = false
  for tensor in inputs {
    guard let tensor else {
      views.append(nil)
      continue
    }
    let operand = type(of: op).operandType(tensor.elementType)
    let taken = operand == tensor.elementType ? tensor : adapted(tensor, to: operand)
    isAdapted = isAdapted || operand != tensor.elementType
    guard let storage = taken.storage?.aligned(to: taken.elementType.byteWidth ?? 1) else {
      return nil
    }
    storages.append(storage)
    views.append(TensorView(taken.elementType, taken.dimensions, storage.bytes))
  }
  let results = Results(count: outputs)
  var context = Evaluation(
    label: label, inputs: views, outputs: Array(repeating: true, count: outputs)
  ) { (index, elementType, shape) throws(ModelError) in
    try results.allocate(index, elementType, shape, label: label)
  }
  context.createdLabel = createdLabel
  if !isAdapted {
    let shared = inputs
    context.share = { input, shape in
      guard let tensor = shared[safe: input] ?? nil else { return false }
      return results.share(tensor, shape)
    }
  }
  if isAdapted { context.givenTypes = inputs.map { $0?.elementType ?? .undefined } }
  try op.evaluate(&context)
  withExtendedLifetime(storages) {}
  guard isAdapted, let tensors = results.tensors else { return results.tensors }
  let types = op.resultTypes(inputs.map { $0?.type }, label: label, count: outputs)
  return zip(tensors, types).map { adapted($0, to: $0.elementType.narrowed(to: $1)) }
}

/// The tensor with its elements widened or narrowed to another type.
private func adapted(_ tensor: Tensor, to type: ElementType) -> Tensor {
  guard type != tensor.elementType,
    let storage = tensor.storage?.aligned(to: tensor.elementType.byteWidth ?? 1),
    let bytes = byteCount(type, tensor.dimensions)
  else { return tensor }
  let narrow = Storage(count: bytes) {
    adapt(storage.bytes, tensor.elementType, into: $0, type, count: tensor.count)
  }
  return Tensor(type, tensor.dimensions, narrow)
}

/// Collects the outputs of one evaluation.
private final class Results {
  private var slots: [Tensor?]
  /// No constant is larger than a model file can be.
  private static let limit = Int(Int32.max)

  init(count: Int) { slots = Array(repeating: nil, count: count) }

  var tensors: [Tensor]? {
    let all = slots.compactMap { $0 }
    return all.count == slots.count ? all : nil
  }

  /// Makes output 0 the same memory as an input.
  func share(_ tensor: Tensor, _ shape: [Int]) -> Bool {
    guard !slots.isEmpty, let storage = tensor.storage else { return false }
    slots[0] = Tensor(tensor.elementType, shape, storage)
    return true
  }

  func allocate(
    _ index: Int, _ elementType: ElementType, _ shape: [Int], label: String
  ) throws(ModelError) -> UnsafeMutableRawBufferPointer {
    guard slots.indices.contains(index), let bytes = byteCount(elementType, shape),
      bytes <= Self.limit
    else {
      throw ModelError(.limit, "\(label), output \(index): cannot allocate \(elementType)\(shape)")
    }
    var target = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    let storage = Storage(count: bytes) { target = $0 }
    slots[index] = Tensor(elementType, shape, storage)
    return target
  }
}

/// The bytes of a tensor; nil for negative or overlong shapes, or for types without a layout.
package func byteCount(_ elementType: ElementType, _ shape: [Int]) -> Int? {
  Tensor.count(shape).flatMap { elementType.byteCount(of: $0) }
}
