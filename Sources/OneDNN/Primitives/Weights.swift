internal import COneDNN
internal import Execution
internal import IR

/// The constant inputs of a step, brought to the layouts that its primitives want once.
final class Weights {
  private let constants: [RuntimeTensor?]
  /// Which inputs the operator has, constant or not.
  private let present: [Bool]
  private unowned let accelerator: Accelerator
  private var memories: [(index: Int, layout: dnnl_memory_desc_t, memory: Memory)] = []
  /// Smaller constants are copied in any case, so that pages of the model's file can go.
  private static let large = 1 << 16
  /// Taken into the weights: a factor and an offset for each index along axis 0 of input 1.
  private var affine: (factor: [Float], offset: [Float])?
  /// Taken off the elements of input 1, which are 8-bit integers.
  private let zeroPoint: Int32
  /// What of those elements is meant then.
  private let part: Part

  /// What of bytes with their zero-point taken off is meant, which have nine bits.
  enum Part {
    /// All of it, in eight bits.
    case whole
    /// The nearest number of eight bits.
    case nearest
    /// What is left of it then, as near as eight bits come to it.
    case rest
    /// What is left of 255, which two such numbers do not make.
    case last
  }

  init(
    _ constants: [RuntimeTensor?], present: [Bool], zeroPoint: Int32 = 0, part: Part = .whole,
    _ accelerator: Accelerator
  ) {
    self.part = part
    self.constants = constants
    self.present = present
    self.zeroPoint = zeroPoint
    self.accelerator = accelerator
  }

  private func constant(_ index: Int) -> RuntimeTensor? { constants[safe: index] ?? nil }

  /// Whether an input is the same in every run.
  func has(_ index: Int) -> Bool { constant(index) != nil }

  /// The number of inputs that the operator has.
  var inputCount: Int { present.count }

  /// Whether the operator has an input.
  func isGiven(_ index: Int) -> Bool { present[safe: index] ?? false }

  /// Makes a factor and an offset for each index along axis 0 of input 1 part of that and of the
  /// bias, input 2; false where these are not constant.
  func fold(factor: [Float], offset: [Float]) -> Bool {
    guard affine == nil, constant(1)?.elementType == .float, !isGiven(2) || has(2),
      constant(1)?.shape.first == factor.count,
      offset.count == factor.count, !isGiven(2) || constant(2)?.count == factor.count
    else { return false }
    // Weights that would overflow, or lose digits as they become small, keep their factor apart.
    let least = factor.reduce(Float.infinity) { $1 == 0 ? $0 : min($0, abs($1)) }
    let largest = magnitude(1)
    guard largest * factor.magnitude < 1e37,
      largest == 0 || least.isInfinite || largest * Double(least) > 1e-30
    else { return false }
    affine = (factor, offset)
    return true
  }

  /// The largest magnitude of a constant's elements, which need not stay in memory.
  private func magnitude(_ index: Int) -> Double {
    guard let constant = constant(index) else { return 0 }
    let isNew = constant.bound == nil
    defer { if isNew { constant.releasePages() } }
    return constant.magnitude()
  }

  /// How large sums of products with these weights can become, before anything follows.
  ///
  /// - Parameter terms: how many products make a sum.
  func reach(terms: Int) -> Reach {
    guard let affine else {
      return Reach(
        factor: .operand(1), terms: terms, addend: isGiven(2) ? .operand(2) : nil)
    }
    let factor = max(1, affine.factor.magnitude)
    return Reach(
      factor: .number(magnitude(1) * factor), terms: terms,
      addend: .number(magnitude(2) * factor + affine.offset.magnitude), isLossy: true)
  }

  /// Whether there is a bias that the node does not have.
  var addsBias: Bool { affine != nil }

  /// An input in the layout `wanted`, which lies as `given` in the model; nil where it is no
  /// constant or oneDNN fails.
  func memory(_ index: Int, given: dnnl_memory_desc_t, wanted: dnnl_memory_desc_t) -> Memory? {
    if let known = memories.first(where: { $0.index == index && $0.layout.isSame(as: wanted) }) {
      return known.memory
    }
    guard let memory = place(index, given, wanted) else { return nil }
    memories.append((index, wanted, memory))
    return memory
  }

  private func place(
    _ index: Int, _ given: dnnl_memory_desc_t, _ wanted: dnnl_memory_desc_t
  ) -> Memory? {
    let byteCount = Layout(wanted).byteCount
    let staysInPlace = given.isSame(as: wanted) && byteCount >= Self.large && !isComputed(index)
    if staysInPlace, let constant = constant(index), let address = constant.bytes.baseAddress {
      let fixed = Memory.Fixed(address: address, owner: constant.owner)
      return Memory(wanted, accelerator.engine, fixed: fixed)
    }
    guard let (owner, to) = accelerator.weights.take(byteCount) else { return nil }
    let done: Bool? = withElements(index) { elements in
      guard let from = elements.baseAddress else { return false }
      guard !given.isSame(as: wanted) else {
        guard elements.count == byteCount else { return false }
        to.copyMemory(from: from, byteCount: byteCount)
        return true
      }
      return Reorder(given, to: wanted, accelerator)?.run(from, to: to)
    }
    guard done == true else { return nil }
    // The copy is what runs read from now on.
    constant(index)?.releasePages()
    return Memory(
      wanted, accelerator.engine,
      fixed: Memory.Fixed(address: UnsafeRawPointer(to), owner: owner))
  }

  /// Whether an input's elements are others than the model's.
  private func isComputed(_ index: Int) -> Bool {
    (affine != nil && index > 0) || constant(index)?.elementType == .uint8
      || (constant(index)?.elementType == .int8 && zeroPoint != 0)
  }

  /// Calls `body` with the elements of a constant with factor and offset, or the zero-point, taken in.
  private func withElements<R>(_ index: Int, _ body: (UnsafeRawBufferPointer) -> R?) -> R? {
    let store = accelerator.weights
    if let affine, index > 0 {
      let made: Storage? =
        if let constant = constant(index) {
          store.reading(constant) { scaled(index, $0, affine.factor, affine.offset) }
        } else {
          scaled(index, nil, affine.factor, affine.offset)
        }
      return made.flatMap { $0.withUnsafeBytes(body) }
    }
    guard let constant = constant(index) else { return nil }
    switch constant.elementType {
    case .float, .int32: return store.reading(constant, body)
    case .int8 where zeroPoint == 0: return store.reading(constant, body)
    case .int8:
      return store.reading(constant) { centred($0, Int8.self)?.withUnsafeBytes(body) }
    case .uint8:
      return store.reading(constant) { centred($0, UInt8.self)?.withUnsafeBytes(body) }
    default: return nil
    }
  }

  /// The weight times a factor a row, or the bias times that plus an offset.
  private func scaled(
    _ index: Int, _ bytes: UnsafeRawBufferPointer?, _ factor: [Float], _ offset: [Float]
  ) -> Storage? {
    let rows = factor.count
    let given = bytes?.bindMemory(to: Float.self)
    let count = given?.count ?? rows
    guard index == 1 || index == 2, rows > 0, count % rows == 0 else { return nil }
    let length = count / rows
    return Storage(count: 4 * count) { target in
      let result = target.bindMemory(to: Float.self)
      for row in 0..<rows {
        let factor = factor[row], offset = index == 2 ? offset[row] : 0
        for place in row * length..<(row + 1) * length {
          result[place] = (given?[place] ?? 0) * factor + offset
        }
      }
    }
  }

  /// 8-bit integers with their zero-point taken off, as int8; nil where they do not fit.
  private func centred<T: FixedWidthInteger & BitwiseCopyable>(
    _ bytes: UnsafeRawBufferPointer, _ type: T.Type
  ) -> Storage? {
    let given = bytes.bindMemory(to: T.self)
    let part = part, zeroPoint = zeroPoint
    guard part != .whole || given.allSatisfy({ Int8(exactly: Int32($0) - zeroPoint) != nil })
    else { return nil }
    return Storage(count: given.count) { target in
      for index in given.indices {
        var value = Int32(given[index]) - zeroPoint
        if part == .rest || part == .last { value -= max(-128, min(127, value)) }
        if part == .last { value -= max(-128, min(127, value)) }
        target[index] = UInt8(truncatingIfNeeded: max(-128, min(127, value)))
      }
    }
  }
}
