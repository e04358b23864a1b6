internal import COneDNN
internal import Execution
internal import IR

/// A primitive compiled for operands of certain shapes and layouts.
final class Prepared {
  /// How one of the node's inputs reaches the primitive.
  struct Operand {
    let index: Int
    let argument: Int32
    /// How the input lies in memory when it comes.
    let given: dnnl_memory_desc_t
    /// How the primitive reads it.
    let wanted: dnnl_memory_desc_t
    /// `wanted` with other axes, where the primitive's are not the tensor's.
    var seen: dnnl_memory_desc_t?
  }

  private struct Slot {
    let index: Int
    let argument: Int32
    let memory: Memory
    let reorder: Reorder?
    let byteCount: Int
  }

  private let primitive: Primitive
  private let slots: [Slot]
  /// Arguments that are the same in every run.
  private let fixed: [Memory]
  private let target: Memory
  private let arguments: [dnnl_exec_arg_t]
  private let result: Layout
  private let isRowMajor: Bool
  private let shape: [Int]
  private let sharing: [Int]
  private let stream: dnnl_stream_t
  /// How large results can become; nil where nobody asks.
  private let reach: Reach?

  /// - Parameters:
  ///   - fixed: arguments that are the same in every run.
  ///   - result: the layout of the output.
  ///   - shown: the same arrangement with other axes, where the primitive's are not the output's.
  ///   - shape: the shape of the output, which may have other axes than the primitive's.
  ///   - sharing: inputs whose memory may become the output's where it has the same layout.
  init?(
    _ primitive: Primitive, operands: [Operand], fixed: [(argument: Int32, memory: Memory)] = [],
    result: dnnl_memory_desc_t, shown: dnnl_memory_desc_t? = nil, shape: [Int],
    sharing: [Int] = [], after: PostOperations? = nil, reach: Reach? = nil,
    _ accelerator: Accelerator
  ) {
    var slots: [Slot] = []
    var sharing = sharing
    for operand in operands + (after?.operands ?? []) {
      guard let memory = Memory(operand.seen ?? operand.wanted, accelerator.engine) else {
        return nil
      }
      var reorder: Reorder?
      if !operand.given.isSame(as: operand.wanted) {
        guard let made = Reorder(operand.given, to: operand.wanted, accelerator) else { return nil }
        reorder = made
      }
      if reorder != nil || !operand.wanted.isSame(as: result) {
        sharing.removeAll { $0 == operand.index }
      }
      slots.append(
        Slot(
          index: operand.index, argument: operand.argument, memory: memory, reorder: reorder,
          byteCount: Layout(operand.wanted).byteCount))
    }
    guard let target = Memory(result, accelerator.engine) else { return nil }
    self.primitive = primitive
    self.slots = slots
    self.target = target
    let constant = fixed + (after?.fixed ?? [])
    self.fixed = constant.map(\.memory)
    let inputs = slots.filter { $0.argument != DNNL_ARG_DST_0 }.map { ($0.argument, $0.memory) }
    arguments = (inputs + constant + [(DNNL_ARG_DST_0, target)]).map {
      dnnl_exec_arg_t(arg: $0.0, memory: $0.1.handle)
    }
    self.result = Layout(shown ?? result)
    self.isRowMajor = (shown ?? result).isRowMajor
    self.shape = shape
    self.sharing = sharing
    self.reach = reach
    stream = accelerator.stream
  }

  /// The output, or nil where oneDNN fails or may lose what is no number.
  func run(_ call: FastCall) throws(ModelError) -> RuntimeTensor? {
    let judgement = reach?.judge(call)
    guard judgement?.isSafe ?? true else { return nil }
    // Reordered operands live until the primitive has read them.
    var temporary: [Buffer] = []
    for slot in slots where slot.argument != DNNL_ARG_DST_0 {
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
    let (owner, address) = try output(call)
    guard target.point(to: address), primitive.execute(stream, arguments) else {
      return nil
    }
    withExtendedLifetime(temporary) {}
    let output = RuntimeTensor(
      result.descriptor.data_type.elementType, shape,
      UnsafeRawBufferPointer(start: address, count: result.byteCount), owner: owner,
      arrangement: isRowMajor ? nil : result)
    output.bound = judgement?.bound.map { ($0, false) }
    return output
  }

  private func output(
    _ call: FastCall
  ) throws(ModelError) -> (AnyObject, UnsafeMutableRawPointer) {
    if let slot = slots.first(where: { $0.argument == DNNL_ARG_DST_0 }) {
      return try filled(slot, call)
    }
    for index in sharing where call.dying[index] {
      if let operand = call.operands[index], let address = operand.writableInPlace {
        return (operand.owner, address)
      }
    }
    let buffer = try memory(result.byteCount, call)
    return (buffer, buffer.address)
  }

  /// Memory for the output that holds the operand which results are added to.
  private func filled(
    _ slot: Slot, _ call: FastCall
  ) throws(ModelError) -> (AnyObject, UnsafeMutableRawPointer) {
    guard let operand = call.operands[slot.index], let from = operand.bytes.baseAddress else {
      throw ModelError(.unsupported, "\(call.label): an operand has no elements")
    }
    if slot.reorder == nil, call.dying[slot.index], let address = operand.writableInPlace {
      return (operand.owner, address)
    }
    let buffer = try memory(result.byteCount, call)
    if let reorder = slot.reorder {
      guard reorder.run(from, to: buffer.address) else {
        throw ModelError(.unsupported, "\(call.label): an operand could not be reordered")
      }
    } else {
      buffer.address.copyMemory(from: from, byteCount: result.byteCount)
    }
    return (buffer, buffer.address)
  }

  private func memory(_ byteCount: Int, _ call: FastCall) throws(ModelError) -> Buffer {
    guard let buffer = call.pool.take(byteCount) else {
      throw ModelError(
        .limit, "\(call.label): expected a tensor that fits in memory, found \(byteCount) bytes")
    }
    return buffer
  }
}
