internal import IR
internal import Operators

/// Steps on the reference kernels.
enum Kernel {
  /// Runs a node's operator on row-major operands.
  static func evaluate(
    _ step: Step, _ given: [RuntimeTensor?], _ pool: BufferPool
  ) throws(ModelError) -> [RuntimeTensor?] {
    if let product = step.product, let y = try product.run(given, step.label, pool) { return [y] }
    try step.checkTypes(given)
    var operands = given
    var isAdapted = false
    for (index, operand) in given.enumerated() {
      guard let operand else { continue }
      let taken = type(of: step.op).operandType(operand.elementType)
      guard taken != operand.elementType else { continue }
      operands[index] = try adapted(operand, to: taken, step.label, pool)
      isAdapted = true
    }
    let results = Results(count: step.outputs.count)
    var context = Evaluation(
      label: step.label, inputs: operands.map { $0?.view }, outputs: step.outputs.map { $0 != nil }
    ) { (index, elementType, shape) throws(ModelError) in
      let tensor = try pool.tensor(step.label, elementType, shape)
      if results.tensors.indices.contains(index) {
        results.tensors[index] = tensor
      } else {
        results.spare.append(tensor)
      }
      return tensor.target
    }
    context.saturates = step.saturates
    if isAdapted { context.givenTypes = given.map { $0?.elementType ?? .undefined } }
    let shared = operands
    context.share = { input, shape in
      guard let operand = shared[safe: input] ?? nil, !results.tensors.isEmpty else { return false }
      results.tensors[0] = RuntimeTensor(
        operand.elementType, shape, operand.bytes, owner: operand.owner)
      return true
    }
    try step.op.evaluate(&context)
    for (index, wanted) in step.outputs.enumerated()
    where wanted != nil && results.tensors[index] == nil {
      throw ModelError(
        .unsupported, "\(step.label), output \(index): the operator did not compute it")
    }
    guard isAdapted else { return results.tensors }
    let types = step.op.resultTypes(
      given.map { operand in operand.map { TensorType($0.elementType, $0.shape) } },
      label: step.label, count: step.outputs.count)
    var narrowed = results.tensors
    for (index, type) in types.enumerated() {
      guard let result = narrowed[index] else { continue }
      narrowed[index] = try adapted(
        result, to: result.elementType.narrowed(to: type), step.label, pool)
    }
    return narrowed
  }

  /// The tensor with its elements widened to a type that an operator takes, or narrowed back.
  private static func adapted(
    _ tensor: RuntimeTensor, to type: ElementType, _ label: String, _ pool: BufferPool
  ) throws(ModelError) -> RuntimeTensor {
    guard type != tensor.elementType else { return tensor }
    let result = try pool.tensor(label, type, tensor.shape)
    adapt(tensor.bytes, tensor.elementType, into: result.target, type, count: tensor.count)
    return result
  }
}

extension Step {
  /// Requires operands of types that the operator takes.
  func checkTypes(_ operands: [RuntimeTensor?]) throws(ModelError) {
    try signature?.check(types: operands.map { $0?.elementType ?? .undefined }) {
      ModelError(.invalid, "\(label), input \($0): expected \($1), found \($2)")
    }
  }
}

/// Collects what an operator allocates.
private final class Results {
  var tensors: [RuntimeTensor?]
  /// Memory for outputs that the node does not name.
  var spare: [RuntimeTensor] = []

  init(count: Int) { tensors = [RuntimeTensor?](repeating: nil, count: count) }
}
