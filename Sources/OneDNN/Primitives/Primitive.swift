internal import COneDNN
internal import Execution

/// oneDNN's handle on memory that somebody else owns.
final class Memory {
  let handle: dnnl_memory_t
  /// Keeps the memory alive, where it is the same in every run.
  private let owner: AnyObject?
  /// Where the bytes are.
  private var address: UnsafeRawPointer?

  init?(_ layout: dnnl_memory_desc_t, _ engine: dnnl_engine_t, fixed: Fixed? = nil) {
    var memory: dnnl_memory_t?
    let address = fixed.map { UnsafeMutableRawPointer(mutating: $0.address) }
    let status = withUnsafePointer(to: layout) { dnnl_memory_create(&memory, $0, engine, address) }
    guard status == dnnl_success, let memory else { return nil }
    handle = memory
    owner = fixed?.owner
  }

  deinit { dnnl_memory_destroy(handle) }

  /// Memory that does not change from run to run.
  struct Fixed {
    let address: UnsafeRawPointer
    let owner: AnyObject
  }

  /// Refers to other bytes from now on.
  func point(to address: UnsafeRawPointer) -> Bool {
    guard address != self.address else { return true }
    self.address = nil
    guard
      dnnl_memory_set_data_handle(handle, UnsafeMutableRawPointer(mutating: address))
        == dnnl_success
    else { return false }
    self.address = address
    return true
  }
}

/// A piece of compiled arithmetic.
final class Primitive {
  private let handle: dnnl_primitive_t
  private let descriptor: dnnl_primitive_desc_t
  /// What it keeps numbers in while it runs; nil where it needs nothing.
  private let scratch: (memory: Memory, byteCount: Int)?

  /// Takes over a descriptor.
  ///
  /// - Parameter fast: whether to return nil where only slow code does the operation.
  init?(_ descriptor: dnnl_primitive_desc_t, fast: Bool = false) {
    var primitive: dnnl_primitive_t?
    guard !fast || !Self.isSlow(descriptor),
      dnnl_primitive_create(&primitive, descriptor) == dnnl_success, let primitive
    else {
      dnnl_primitive_desc_destroy(descriptor)
      return nil
    }
    handle = primitive
    self.descriptor = descriptor
    scratch = Self.scratch(descriptor)
  }

  private static func scratch(
    _ descriptor: dnnl_primitive_desc_t
  ) -> (memory: Memory, byteCount: Int)? {
    guard
      let layout = dnnl_primitive_desc_query_md(descriptor, dnnl_query_scratchpad_md, 0)?.pointee
    else { return nil }
    let byteCount = Layout(layout).byteCount
    var engine: dnnl_engine_t?
    guard byteCount > 0,
      dnnl_primitive_desc_query(descriptor, dnnl_query_engine, 0, &engine) == dnnl_success,
      let engine, let memory = Memory(layout, engine)
    else { return nil }
    return (memory, byteCount)
  }

  /// Compiles an operation described by one of oneDNN's structures.
  ///
  /// - Parameters:
  ///   - after: what the primitive does to its results; nil is returned where that would make oneDNN
  ///     fall back to slow code.
  ///   - fast: whether to return nil where only slow code does the operation.
  convenience init?<Operation>(
    _ operation: Operation, _ engine: dnnl_engine_t, after: PostOperations? = nil,
    fast: Bool = false
  ) {
    guard let descriptor = Self.descriptor(operation, engine, after) else { return nil }
    if after != nil, Self.isSlow(descriptor) {
      guard let plain = Self.descriptor(operation, engine, nil) else { return nil }
      defer { dnnl_primitive_desc_destroy(plain) }
      if Self.name(plain) != Self.name(descriptor) {
        dnnl_primitive_desc_destroy(descriptor)
        return nil
      }
    }
    self.init(descriptor, fast: fast)
  }

  private static func descriptor<Operation>(
    _ operation: Operation, _ engine: dnnl_engine_t, _ after: PostOperations?
  ) -> dnnl_primitive_desc_t? {
    var descriptor: dnnl_primitive_desc_t?
    let status = withUnsafePointer(to: operation) { operation in
      if let after {
        return dnnl_primitive_desc_create(&descriptor, operation, after.attributes, engine, nil)
      }
      return Scratch.withAttributes {
        dnnl_primitive_desc_create(&descriptor, operation, $0, engine, nil)
      }
    }
    return status == dnnl_success ? descriptor : nil
  }

  /// oneDNN's name of the implementation.
  private static func name(_ descriptor: dnnl_primitive_desc_t) -> String {
    var name: UnsafePointer<CChar>?
    let status = dnnl_primitive_desc_query(descriptor, dnnl_query_impl_info_str, 0, &name)
    return status == dnnl_success ? name.map { String(cString: $0) } ?? "" : ""
  }

  /// Whether the implementation is the plain one, or goes through matrix products in a way that
  /// takes many times as long with operations behind.
  private static func isSlow(_ descriptor: dnnl_primitive_desc_t) -> Bool {
    let name = name(descriptor)
    return name.hasPrefix("ref") || name.contains("gemm:")
  }

  /// The layout that an operation would choose for its output, without compiling it.
  ///
  /// - Parameter fast: whether to return nil where only slow code does the operation.
  static func target<Operation>(
    of operation: Operation, _ engine: dnnl_engine_t, fast: Bool = false
  ) -> dnnl_memory_desc_t? {
    guard let descriptor = descriptor(operation, engine, nil) else { return nil }
    defer { dnnl_primitive_desc_destroy(descriptor) }
    guard !fast || !isSlow(descriptor) else { return nil }
    return dnnl_primitive_desc_query_md(descriptor, dnnl_query_dst_md, 0)?.pointee
  }

  deinit {
    dnnl_primitive_destroy(handle)
    dnnl_primitive_desc_destroy(descriptor)
  }

  /// The layout that the primitive has chosen for an operand.
  func layout(_ query: dnnl_query_t, _ index: Int32 = 0) -> dnnl_memory_desc_t? {
    dnnl_primitive_desc_query_md(descriptor, query, index)?.pointee
  }

  func execute(_ stream: dnnl_stream_t, _ arguments: [dnnl_exec_arg_t]) -> Bool {
    guard let scratch else { return submit(stream, arguments) }
    let block = Scratch.borrow(scratch.byteCount)
    defer { Scratch.giveBack(block) }
    return scratch.memory.point(to: block.address)
      && submit(
        stream,
        arguments + [dnnl_exec_arg_t(arg: DNNL_ARG_SCRATCHPAD, memory: scratch.memory.handle)])
  }

  private func submit(_ stream: dnnl_stream_t, _ arguments: [dnnl_exec_arg_t]) -> Bool {
    dnnl_primitive_execute(handle, stream, Int32(arguments.count), arguments) == dnnl_success
      && dnnl_stream_wait(stream) == dnnl_success
  }
}

/// A change from one layout to another.
final class Reorder {
  private let primitive: Primitive
  private let source: Memory
  private let target: Memory
  private let stream: dnnl_stream_t

  init?(_ from: dnnl_memory_desc_t, to: dnnl_memory_desc_t, _ accelerator: Accelerator) {
    var descriptor: dnnl_primitive_desc_t?
    let engine = accelerator.engine
    let status = withUnsafePointer(to: from) { from in
      withUnsafePointer(to: to) { to in
        Scratch.withAttributes {
          dnnl_reorder_primitive_desc_create(&descriptor, from, engine, to, engine, $0)
        }
      }
    }
    guard status == dnnl_success, let descriptor, let primitive = Primitive(descriptor),
      let source = Memory(from, engine), let target = Memory(to, engine)
    else { return nil }
    self.primitive = primitive
    self.source = source
    self.target = target
    stream = accelerator.stream
  }

  func run(_ from: UnsafeRawPointer, to: UnsafeRawPointer) -> Bool {
    source.point(to: from) && target.point(to: to)
      && primitive.execute(
        stream,
        [
          dnnl_exec_arg_t(arg: DNNL_ARG_SRC_0, memory: source.handle),
          dnnl_exec_arg_t(arg: DNNL_ARG_DST_0, memory: target.handle),
        ])
  }
}
