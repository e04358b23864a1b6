internal import COneDNN
internal import IR
internal import Operators

/// oneDNN's engine and stream, and the choice of the primitive for a node.
final class Accelerator {
  let engine: dnnl_engine_t
  let stream: dnnl_stream_t

  /// Nil where oneDNN does not work on this machine.
  init?() {
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
  }

  deinit {
    dnnl_stream_destroy(stream)
    dnnl_engine_destroy(engine)
  }

  /// The accelerated way to run an operator, or nil where only its kernel is.
  ///
  /// - Parameters:
  ///   - constants: the inputs that are the same in every run.
  ///   - outputs: which outputs the node names.
  func lower(
    _ op: any Operator, constants: [RuntimeTensor?], outputs: [Bool]
  ) -> (any FastStep)? {
    guard !outputs.dropFirst().contains(true) else { return nil }
    switch op {
    case let op as Conv: return convolution(op, Weights(constants, self))
    case let op as ConvTranspose: return transposedConvolution(op, Weights(constants, self))
    case let op as MatMul: return product(op, Weights(constants, self))
    case let op as Gemm: return product(op, Weights(constants, self))
    case let op as MaxPool: return pool(op)
    case let op as AveragePool: return pool(op)
    case is GlobalAveragePool: return globalPool(dnnl_pooling_avg_exclude_padding)
    case is GlobalMaxPool: return globalPool(dnnl_pooling_max)
    case let op as Concat: return join(op)
    case let op as BatchNormalization: return normalize(op, constants)
    case let op as LayerNormalization: return normalize(op, constants)
    case let op as any SoftmaxFamily: return softmax(op)
    case let op as Clip: return clip(op, constants)
    case let op as any UnaryElementwise: return unary(op.function)
    case let op as any BroadcastBinary: return binary(op.function)
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
      guard let plain = dnnl_memory_desc_t.rowMajor(layout.descriptor.lengths) else { return nil }
      layout.toRowMajor = Reorder(layout.descriptor, to: plain, self)
    }
    let result = try pool.tensor(label, .float, value.shape)
    guard let reorder = layout.toRowMajor, let to = result.target.baseAddress,
      reorder.run(from, to: to)
    else { return nil }
    return result
  }
}

extension RuntimeTensor {
  /// How the elements lie in memory, in oneDNN's terms; nil where oneDNN has none for them.
  var descriptor: dnnl_memory_desc_t? {
    layout?.descriptor ?? dnnl_memory_desc_t.rowMajor(shape.isEmpty ? [1] : shape)
  }
}

/// The constant inputs of a node, brought to the layouts that its primitives want once.
final class Weights {
  private let constants: [RuntimeTensor?]
  private unowned let accelerator: Accelerator
  private var memories: [(index: Int, layout: dnnl_memory_desc_t, memory: Memory)] = []
  private let pool = BufferPool()

  init(_ constants: [RuntimeTensor?], _ accelerator: Accelerator) {
    self.constants = constants
    self.accelerator = accelerator
  }

  /// Whether an input is the same in every run.
  func has(_ index: Int) -> Bool { (constants[safe: index] ?? nil)?.elementType == .float }

  /// An input in the layout `wanted`, which lies as `given` in the model; nil where it is no
  /// constant or oneDNN fails.
  func memory(_ index: Int, given: dnnl_memory_desc_t, wanted: dnnl_memory_desc_t) -> Memory? {
    if let known = memories.first(where: { $0.index == index && $0.layout.isSame(as: wanted) }) {
      return known.memory
    }
    guard let constant = constants[safe: index] ?? nil, constant.elementType == .float,
      let address = constant.bytes.baseAddress
    else { return nil }
    var fixed = Memory.Fixed(address: address, owner: constant.owner)
    if !given.isSame(as: wanted) {
      guard let reorder = Reorder(given, to: wanted, accelerator),
        let buffer = pool.take(Layout(wanted).byteCount),
        reorder.run(address, to: buffer.address)
      else { return nil }
      fixed = Memory.Fixed(address: UnsafeRawPointer(buffer.address), owner: buffer)
    }
    guard let memory = Memory(wanted, accelerator.engine, fixed: fixed) else { return nil }
    memories.append((index, wanted, memory))
    return memory
  }
}
