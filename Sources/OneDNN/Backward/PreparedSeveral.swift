internal import COneDNN
internal import Execution
internal import IR
internal import Operators

/// A primitive compiled for operands of certain shapes and layouts that has several results.
final class PreparedSeveral {
  /// How one of the results leaves the primitive.
  struct Result {
    let argument: Int32
    let layout: dnnl_memory_desc_t
    /// The shape of the tensor, which may have other axes than the primitive's.
    let shape: [Int]
  }

  private struct Slot {
    let index: Int
    let memory: Memory
    let reorder: Reorder?
    let byteCount: Int
  }

  private struct Target {
    let memory: Memory
    let layout: Layout
    let isRowMajor: Bool
    let shape: [Int]
  }

  private let primitive: Primitive
  private let slots: [Slot]
  private let targets: [Target]
  private let arguments: [dnnl_exec_arg_t]
  private let stream: dnnl_stream_t

  init?(
    _ primitive: Primitive, operands: [Prepared.Operand], results: [Result],
    _ accelerator: Accelerator
  ) {
    var arguments: [dnnl_exec_arg_t] = []
    var slots: [Slot] = [], targets: [Target] = []
    for operand in operands {
      guard let memory = Memory(operand.wanted, accelerator.engine) else { return nil }
      var reorder: Reorder?
      if !operand.given.isSame(as: operand.wanted) {
        guard let made = Reorder(operand.given, to: operand.wanted, accelerator) else { return nil }
        reorder = made
      }
      slots.append(
        Slot(
          index: operand.index, memory: memory, reorder: reorder,
          byteCount: Layout(operand.wanted).byteCount))
      arguments.append(dnnl_exec_arg_t(arg: operand.argument, memory: memory.handle))
    }
    for result in results {
      guard let memory = Memory(result.layout, accelerator.engine) else { return nil }
      targets.append(
        Target(
          memory: memory, layout: Layout(result.layout), isRowMajor: result.layout.isRowMajor,
          shape: result.shape))
      arguments.append(dnnl_exec_arg_t(arg: result.argument, memory: memory.handle))
    }
    self.primitive = primitive
    self.slots = slots
    self.targets = targets
    self.arguments = arguments
    stream = accelerator.stream
  }

  /// The results, or nil where oneDNN fails.
  func run(_ call: FastCall) throws(ModelError) -> [RuntimeTensor?]? {
    // Reordered operands live until the primitive has read them.
    var temporary: [Buffer] = []
    for slot in slots {
      guard let operand = call.operands[slot.index], var address = operand.bytes.baseAddress else {
        return nil
      }
      if let reorder = slot.reorder {
        let buffer = try memory(slot.byteCount, call)
        guard reorder.run(address, to: buffer.address) else { return nil }
        temporary.append(buffer)
        address = UnsafeRawPointer(buffer.address)
      }
      guard slot.memory.point(to: address) else { return nil }
    }
    var results: [RuntimeTensor?] = []
    for target in targets {
      let buffer = try memory(target.layout.byteCount, call)
      guard target.memory.point(to: buffer.address) else { return nil }
      results.append(
        RuntimeTensor(
          .float, target.shape,
          UnsafeRawBufferPointer(start: buffer.address, count: target.layout.byteCount),
          owner: buffer, arrangement: target.isRowMajor ? nil : target.layout))
    }
    guard primitive.execute(stream, arguments) else { return nil }
    withExtendedLifetime(temporary) {}
    return results
  }

  private func memory(_ byteCount: Int, _ call: FastCall) throws(ModelError) -> Buffer {
    guard let buffer = call.pool.take(byteCount) else {
      throw ModelError(
        .limit, "\(call.label): expected a tensor that fits in memory, found \(byteCount) bytes")
    }
    return buffer
  }
}

/// A node of which a primitive makes several results, compiled at the first sight of each combination
/// of shapes and layouts.
final class SeveralStep: FastStep {
  private struct Entry {
    let shapes: [[Int]?]
    let layouts: [Layout?]
    let prepared: PreparedSeveral?
  }

  private let prepare: (FastCall) throws(ModelError) -> PreparedSeveral?
  private var entries: [Entry] = []

  init(_ prepare: @escaping (FastCall) throws(ModelError) -> PreparedSeveral?) {
    self.prepare = prepare
  }

  func run(_ call: FastCall) throws(ModelError) -> [RuntimeTensor?]? {
    let shapes = call.operands.map { $0?.shape }, layouts = call.operands.map { $0?.layout }
    if let known = entries.last(where: { entry in
      entry.shapes == shapes && zip(entry.layouts, layouts).allSatisfy { $0 === $1 }
    }) {
      return try known.prepared?.run(call)
    }
    let made = try prepare(call)
    if entries.count == PreparedStep.limit { entries.removeFirst() }
    entries.append(Entry(shapes: shapes, layouts: layouts, prepared: made))
    return try made?.run(call)
  }
}
