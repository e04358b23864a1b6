internal import COneDNN
internal import IR
internal import Operators

/// The accelerated way to run one node.
protocol FastStep: AnyObject {
  /// The outputs, or nil where the operands are not of a kind that it takes.
  func run(_ call: FastCall) throws(ModelError) -> [RuntimeTensor?]?

  /// Whether operands come as they lie in memory rather than row-major.
  var readsLayouts: Bool { get }

  /// Whether operands of these types are taken.
  func takes(_ operands: [RuntimeTensor?]) -> Bool
}

extension FastStep {
  var readsLayouts: Bool { true }
  func takes(_ operands: [RuntimeTensor?]) -> Bool {
    operands.allSatisfy { $0 == nil || $0?.elementType == .float }
  }
}

/// What an accelerated node gets for one run.
struct FastCall {
  let label: String
  let op: any Operator
  let operands: [RuntimeTensor?]
  /// Whether the run holds the last reference to an operand, whose memory may then be reused.
  let dying: [Bool]
  let pool: BufferPool

  /// The operands' shapes for an operator's own checks; there are no elements to read.
  var shapes: Evaluation { shapes(operands.count) }

  /// The shapes of the first `count` operands.
  func shapes(_ count: Int) -> Evaluation {
    Evaluation(
      label: label,
      inputs: operands.prefix(count).map { operand in
        operand.map {
          TensorView($0.elementType, $0.shape, UnsafeRawBufferPointer(start: nil, count: 0))
        }
      }, outputs: [true]
    ) { (_, _, shape) throws(ModelError) in
      throw ModelError(.unsupported, "\(label): no output of shape \(shape) is computed here")
    }
  }
}

extension FastCall {
  /// Whether the operator takes no longer than it takes to share its work out among threads.
  ///
  /// - Parameter parts: how often that is shared out, one part after another.
  func isSmall(parts: Int = 1) -> Bool { work / max(1, parts) < 1 << 19 }

  /// How many products the operator adds up; nil where that is not known.
  var products: Int? {
    let inputs = inputs
    return (try? op.infer(inputs).map(\.type)).flatMap { op.macs(inputs, $0) }
  }

  private var inputs: Inputs {
    Inputs(
      label: label,
      operands.map { operand in
        operand.map { Operand(name: "", type: TensorType($0.elementType, $0.shape)) }
      })
  }

  /// About how many elements the operator reads, writes or multiplies.
  private var work: Int {
    let inputs = inputs
    guard let outputs = try? op.infer(inputs).map(\.type),
      let products = op.macs(inputs, outputs)
    else { return .max }
    let written = outputs.reduce(0) { $0 &+ ($1.shape?.elementCount.value ?? 0) }
    let read = operands.reduce(0) { max($0, $1?.count ?? 0) }
    // An element takes longer than a multiplication, of which many are carried out side by side.
    return max(8 &* max(written, read), products)
  }
}

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
      layout: isRowMajor ? nil : result)
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

/// A node whose primitive depends on the shapes and layouts of its operands: compiled at the first
/// sight of each combination, and kept.
final class PreparedStep: FastStep {
  /// Compiles the primitive for the operands of a call; nil where there is none.
  typealias Prepare = (FastCall) throws(ModelError) -> Prepared?

  private struct Entry {
    let types: [ElementType?]
    let shapes: [[Int]?]
    let layouts: [Layout?]
    let prepared: Prepared?
    let isSmall: Bool
  }

  /// More combinations than this are compiled again when they come back.
  static let limit = 16

  let readsLayouts: Bool
  private let types: Types
  private let prepare: Prepare
  private unowned let accelerator: Accelerator
  /// The most recent last.
  private var entries: [Entry] = []

  /// The element types of operands.
  enum Types {
    case floats
    /// 8-bit activations, first; what else there is, is constant.
    case bytes(Int)
  }

  /// - Parameter readsLayouts: false where the primitive wants row-major operands.
  init(
    _ accelerator: Accelerator, types: Types = .floats, readsLayouts: Bool = true,
    _ prepare: @escaping Prepare
  ) {
    self.accelerator = accelerator
    self.types = types
    self.readsLayouts = readsLayouts
    self.prepare = prepare
  }

  func takes(_ operands: [RuntimeTensor?]) -> Bool {
    switch types {
    case .floats: operands.allSatisfy { $0 == nil || $0?.elementType == .float }
    case .bytes(let count):
      operands.prefix(count).allSatisfy { $0?.elementType == .uint8 || $0?.elementType == .int8 }
    }
  }

  func run(_ call: FastCall) throws(ModelError) -> [RuntimeTensor?]? {
    guard let entry = try entry(call), let prepared = entry.prepared else { return nil }
    let result = try accelerator.alone(when: entry.isSmall) { () throws(ModelError) in
      try prepared.run(call)
    }
    return result.map { [$0] }
  }

  private func entry(_ call: FastCall) throws(ModelError) -> Entry? {
    if let found = entries.lastIndex(where: { matches($0, call) }) { return entries[found] }
    let isSmall = call.isSmall()
    // A primitive's work is split when it is compiled.
    let made = try accelerator.alone(when: isSmall) { () throws(ModelError) in try prepare(call) }
    if entries.count == Self.limit { entries.removeFirst() }
    let entry = Entry(
      types: call.operands.map { $0?.elementType },
      shapes: call.operands.map { $0?.shape }, layouts: call.operands.map { $0?.layout },
      prepared: made, isSmall: isSmall)
    entries.append(entry)
    return entry
  }

  private func matches(_ entry: Entry, _ call: FastCall) -> Bool {
    for index in call.operands.indices {
      let operand = call.operands[index]
      guard entry.layouts[index] === operand?.layout, entry.types[index] == operand?.elementType,
        entry.shapes[index] == operand?.shape
      else { return false }
    }
    return true
  }
}
