internal import COneDNN
internal import IR
internal import Operators

/// oneDNN's engine and stream, and the choice of the primitive for a node.
final class Accelerator {
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

  /// Does something, on the calling thread alone where it is small.
  func alone<T>(
    when isSmall: Bool, _ body: () throws(ModelError) -> T
  ) throws(ModelError) -> T {
    guard isSmall else { return try body() }
    Threads.share(1)
    defer { Threads.share(threads) }
    return try body()
  }

  deinit {
    dnnl_stream_destroy(stream)
    dnnl_engine_destroy(engine)
  }

  /// The accelerated way to run a step, or nil where only its kernel is.
  ///
  /// - Parameters:
  ///   - constants: the inputs that are the same in every run.
  ///   - outputs: which outputs the step names.
  func lower(_ step: Step, constants: [RuntimeTensor?]) -> (any FastStep)? {
    if let op = step.op as? any Recurrent {
      return RecurrentStep(op, constants, given: step.inputs.map { $0 != nil }, self)
    }
    guard !step.outputs.dropFirst().contains(where: { $0 != nil }) else { return nil }
    switch step.form {
    case .plain:
      if let function = step.binaryFunction { return binary(function) }
      return lower(step.op, constants, given: step.inputs.map { $0 != nil })
    case .function(let functions): return unary(functions)
    case .rowNormalization(let epsilon, let axis):
      return normalizedRows(epsilon: epsilon, axis: axis, constants)
    case .normalizedParts(let factor, let offset, let clamps):
      guard let op = step.op as? Concat else { return nil }
      return NormalizedParts(axis: op.axis, factor: factor, offset: offset, clamps: clamps)
    case .onIntegers: return lowerOnIntegers(step.op)
    case .integer(let operation): return lower(step.op, operation, constants)
    case .chain(let operations, let count):
      return lower(
        step.op, Array(constants.prefix(count)), .chain(operations),
        given: step.inputs.prefix(count).map { $0 != nil })
    }
  }

  /// An operator whose result is carried on.
  private func lower(
    _ op: any Operator, _ constants: [RuntimeTensor?], _ after: Finish, given: [Bool]
  ) -> (any FastStep)? {
    let weights = Weights(constants, present: given, self)
    switch op {
    case let op as Conv: return PreparedStep(self, convolution(op.geometry, weights, after))
    case let op as ConvTranspose: return transposedConvolution(op, weights, after)
    case is MatMul: return PreparedStep(self, matrixProduct(weights, after))
    case let op as Gemm:
      return product(op, weights, after).map { PreparedStep(self, readsLayouts: false, $0) }
    case let op as BatchNormalization: return normalize(op, constants, clamps: true)
    default: return nil
    }
  }

  private func lower(
    _ op: any Operator, _ constants: [RuntimeTensor?], given: [Bool]
  ) -> (any FastStep)? {
    switch op {
    case is Conv, is ConvTranspose, is MatMul, is Gemm:
      return lower(op, constants, .none, given: given)
    case let op as MatMulInteger: return product(op, constants, given: given)
    case let op as ConvInteger: return convolution(op, constants, given: given)
    case let op as Einsum: return product(op)
    case let op as MaxPool: return pool(op).map { PreparedStep(self, $0) }
    case let op as AveragePool: return pool(op)
    case is GlobalAveragePool: return globalAverage()
    case is GlobalMaxPool: return globalPool(dnnl_pooling_max)
    case let op as Concat: return join(op)
    case let op as Transpose: return TransposedView(op)
    case let op as BatchNormalization: return normalize(op, constants, clamps: false)
    case let op as LayerNormalization: return normalize(op, constants)
    case let op as Softmax: return softmax(op)
    case let op as LogSoftmax: return softmax(op)
    case let op as Clip: return clip(op, constants)
    case let op as any UnaryElementwise: return unary(op.function)
    default: return nil
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

extension RuntimeTensor {
  /// How the elements lie in memory, in oneDNN's terms; nil where oneDNN has none for them.
  var descriptor: dnnl_memory_desc_t? { descriptor(of: shape.isEmpty ? [1] : shape) }

  /// How the elements lie in memory, seen with other lengths where the tensor is row-major.
  func descriptor(of lengths: [Int]) -> dnnl_memory_desc_t? {
    if let layout { return layout.descriptor.lengths == lengths ? layout.descriptor : nil }
    return dnnl_data_type_t(elementType).flatMap { .rowMajor(lengths, $0) }
  }
}
