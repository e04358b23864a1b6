internal import COneDNN
internal import Execution
internal import IR
internal import Kernels
internal import Operators

/// oneDNN's engine and stream, and the choice of the primitive for a node.
final class Accelerator: Backend {
  let engine: dnnl_engine_t
  let stream: dnnl_stream_t
  /// Where constants lie in the layouts of primitives.
  let weights = WeightStore()

  private let threads: Int

  /// Nil where oneDNN does not work on this machine.
  ///
  /// - Parameter threads: how many threads the session uses; 0 stands for the machine's cores.
  init?(threads: Int) {
    var engine: dnnl_engine_t?
    guard dnnl_engine_create(&engine, dnnl_cpu, 0) == dnnl_success, let engine else { return nil }
    var stream: dnnl_stream_t?
    guard
      dnnl_stream_create(&stream, engine, UInt32(dnnl_stream_default_flags.rawValue))
        == dnnl_success, let stream
    else {
      dnnl_engine_destroy(engine)
      return nil
    }
    self.engine = engine
    self.stream = stream
    self.threads = threads
  }

  var team: Parallelism.Team? { OpenMP.team }

  var columnProduct: ColumnProduct? { OpenMP.columnProduct }

  func takeThreads() { OpenMP.share(threads) }

  func finishRun() { weights.finishReading() }

  /// Does something, on the calling thread alone where it is small.
  func alone<T>(
    when isSmall: Bool, _ body: () throws(ModelError) -> T
  ) throws(ModelError) -> T {
    try isSmall ? OpenMP.alone(body) : body()
  }

  deinit {
    dnnl_stream_destroy(stream)
    dnnl_engine_destroy(engine)
  }

  /// The accelerated way to run a step, or nil where only its kernel is.
  func lower(_ step: StepDescription) -> (any FastStep)? {
    let constants = step.constants
    if case .recurrence(let cell, let settings)? = step.computation {
      return RecurrentStep(cell, settings, constants, given: step.given, self)
    }
    if case .convolutionGradient(let op)? = step.computation {
      return backward(op, outputs: step.outputs.count)
    }
    guard !step.outputs.dropFirst().contains(true) else { return nil }
    switch step.form {
    case .function(let functions): return unary(functions)
    case .table(let table, let type): return ByteTable(table, type)
    case .rowNormalization(let epsilon, let axis):
      return normalizedRows(epsilon: epsilon, axis: axis, constants)
    default: break
    }
    guard let computation = step.computation else { return nil }
    switch step.form {
    case .plain:
      if let function = step.binaryFunction { return binary(function) }
      return lower(computation, constants, given: step.given)
    case .function, .table, .rowNormalization: return nil
    case .normalizedParts(let factor, let offset, let clamps):
      guard case .concatenation(let axis) = computation else { return nil }
      return NormalizedParts(axis: axis, factor: factor, offset: offset, clamps: clamps)
    case .onIntegers: return lowerOnIntegers(computation)
    case .integer(let operation): return lower(computation, operation, constants)
    case .chain(let operations, let count):
      return lower(
        computation, Array(constants.prefix(count)), .chain(operations),
        given: Array(step.given.prefix(count)))
    }
  }

  /// A computation whose result is carried on.
  private func lower(
    _ computation: Computation, _ constants: [RuntimeTensor?], _ after: Finish, given: [Bool]
  ) -> (any FastStep)? {
    let weights = Weights(constants, present: given, self)
    switch computation {
    case .convolution(let form, of: .plain):
      return form.kind == .transposedConvolution
        ? transposedConvolution(form, weights, after)
        : PreparedStep(self, convolution(form, weights, after))
    case .product(.stacks, of: .plain): return PreparedStep(self, matrixProduct(weights, after))
    case .product(.matrices(let form), of: .plain):
      return product(form, weights, after).map { PreparedStep(self, readsLayouts: false, $0) }
    case .channelNormalization(let epsilon):
      var clamps = false
      if case .chain = after { clamps = true }
      return normalize(epsilon: epsilon, constants, clamps: clamps)
    default: return nil
    }
  }

  private func lower(
    _ computation: Computation, _ constants: [RuntimeTensor?], given: [Bool]
  ) -> (any FastStep)? {
    switch computation {
    case .convolution(let form, of: .integers(let left, let right)):
      return convolution(form, computation, constants, given: given, zeroPoints: (left, right))
    case .product(.stacks, of: .integers(let left, let right)):
      return product(computation, constants, given: given, zeroPoints: (left, right))
    case .product(.axes(let axes), of: .plain): return product(axes)
    case .convolution, .product, .channelNormalization:
      return lower(computation, constants, .none, given: given)
    case .pool(let form): return pool(form)
    case .concatenation(let axis): return join(axis)
    case .transposition(let permutation): return TransposedView(permutation)
    case .rowNormalization(let form): return form.usesMean ? normalize(form, constants) : nil
    case .softmax(let runs, let isLogarithm): return softmax(runs, isLogarithm: isLogarithm)
    case .clamp(let fixed): return clip(fixed, constants)
    case .function(let function): return unary(function)
    case .slope(let function): return SlopeStep(function, self)
    case .quantization(let settings): return ScaledBytes(settings, constants, rounds: true)
    case .dequantization(let settings): return ScaledBytes(settings, constants, rounds: false)
    case .binary, .recurrence, .convolutionGradient: return nil
    }
  }

  /// The tensor's elements in row-major order; nil where oneDNN fails.
  func rowMajor(
    _ value: RuntimeTensor, _ label: String, _ pool: BufferPool
  ) throws(ModelError) -> RuntimeTensor? {
    guard let layout = value.layout, let from = value.bytes.baseAddress else { return value }
    if layout.toRowMajor == nil {
      // The primitive's axes may be others than the tensor's; the order of elements is the same.
      guard
        let plain = dnnl_memory_desc_t.rowMajor(
          layout.descriptor.lengths, layout.descriptor.data_type)
      else { return nil }
      layout.toRowMajor = Reorder(layout.descriptor, to: plain, self)
    }
    let result = try pool.tensor(label, value.elementType, value.shape)
    guard let reorder = layout.toRowMajor, let to = result.target.baseAddress,
      reorder.run(from, to: to)
    else { return nil }
    return result
  }
}

extension Accelerator {
  func functions(of function: UnaryFunction) -> [ElementFunction]? {
    ElementFunction.chain(function)
  }

  func carries(_ chain: [PostOperation], behind computation: Computation) -> Bool {
    switch computation {
    // Statistics that are applied alone can be clamped, nothing else.
    case .channelNormalization: return chain.count == 1 && chain[0].isRelu
    // Operands of what follows a transposed convolution are taken one element at a time.
    case .convolution(let form, _)
    where form.kind == .transposedConvolution && !chain.allSatisfy(\.isFunction):
      return false
    default: break
    }
    var functions: [PrimitiveFunction] = []
    for operation in chain {
      switch operation {
      case .function(let function):
        guard let primitive = PrimitiveFunction(function.function),
          functions.allSatisfy({ $0.goes(with: primitive) })
        else { return false }
        functions.append(primitive)
      case .binary(let function, _):
        guard PrimitiveFunction.binary(function) != nil else { return false }
      case .affine: break
      }
    }
    return true
  }
}

extension RuntimeTensor {
  /// How the elements lie in memory, in oneDNN's terms; nil where oneDNN has none for them.
  var descriptor: dnnl_memory_desc_t? { descriptor(of: shape.isEmpty ? [1] : shape) }

  /// How the elements lie in memory, seen with other lengths where the tensor is row-major.
  func descriptor(of lengths: [Int]) -> dnnl_memory_desc_t? {
    if let layout { return layout.descriptor.lengths == lengths ? layout.descriptor : nil }
    return dnnl_data_type_t(elementType).flatMap { .rowMajor(lengths, $0) }
  }
}
