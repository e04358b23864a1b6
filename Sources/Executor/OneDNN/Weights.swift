internal import COneDNN
internal import IR

/// The constant inputs of a step, brought to the layouts that its primitives want once.
final class Weights {
  private let constants: [RuntimeTensor?]
  /// Which inputs the operator has, constant or not.
  private let present: [Bool]
  private unowned let accelerator: Accelerator
  private var memories: [(index: Int, layout: dnnl_memory_desc_t, memory: Memory)] = []
  private let pool = BufferPool()
  /// Taken into the weights: a factor and an offset for each index along axis 0 of input 1.
  private var affine: (factor: [Float], offset: [Float])?
  /// Taken off the elements of input 1, which are 8-bit integers.
  private let zeroPoint: Int32

  init(
    _ constants: [RuntimeTensor?], present: [Bool], zeroPoint: Int32 = 0,
    _ accelerator: Accelerator
  ) {
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
    affine = (factor, offset)
    return true
  }

  /// Whether there is a bias that the node does not have.
  var addsBias: Bool { affine != nil }

  /// An input in the layout `wanted`, which lies as `given` in the model; nil where it is no
  /// constant or oneDNN fails.
  func memory(_ index: Int, given: dnnl_memory_desc_t, wanted: dnnl_memory_desc_t) -> Memory? {
    if let known = memories.first(where: { $0.index == index && $0.layout.isSame(as: wanted) }) {
      return known.memory
    }
    guard let (owner, address) = elements(index) else { return nil }
    var fixed = Memory.Fixed(address: address, owner: owner)
    if !given.isSame(as: wanted) {
      guard let reorder = Reorder(given, to: wanted, accelerator),
        let buffer = pool.take(Layout(wanted).byteCount),
        reorder.run(address, to: buffer.address)
      else { return nil }
      fixed = Memory.Fixed(address: UnsafeRawPointer(buffer.address), owner: buffer)
      // The copy is what runs read from now on.
      (constant(index)?.owner as? Storage)?.releasePages()
    }
    guard let memory = Memory(wanted, accelerator.engine, fixed: fixed) else { return nil }
    memories.append((index, wanted, memory))
    return memory
  }

  /// The elements of a constant with factor and offset taken in.
  private func elements(_ index: Int) -> (owner: AnyObject, address: UnsafeRawPointer)? {
    guard let affine, index > 0 else {
      guard let constant = constant(index), let address = constant.bytes.baseAddress else {
        return nil
      }
      switch constant.elementType {
      case .float, .int32: return (constant.owner, address)
      case .int8 where zeroPoint == 0: return (constant.owner, address)
      case .int8: return centred(constant, Int8.self)
      case .uint8: return centred(constant, UInt8.self)
      default: return nil
      }
    }
    let rows = affine.factor.count
    guard index == 1 || index == 2, rows > 0 else { return nil }
    let given = constant(index)?.bytes.bindMemory(to: Float.self)
    let count = given?.count ?? rows
    guard let buffer = pool.take(4 * count), count % rows == 0 else { return nil }
    let result = buffer.address.bindMemory(to: Float.self, capacity: count)
    let length = count / rows
    for row in 0..<rows {
      let factor = affine.factor[row], offset = index == 2 ? affine.offset[row] : 0
      for place in row * length..<(row + 1) * length {
        result[place] = (given?[place] ?? 0) * factor + offset
      }
    }
    return (buffer, UnsafeRawPointer(buffer.address))
  }

  /// 8-bit integers with their zero-point taken off, as int8; nil where they do not fit.
  private func centred<T: FixedWidthInteger & BitwiseCopyable>(
    _ constant: RuntimeTensor, _ type: T.Type
  ) -> (owner: AnyObject, address: UnsafeRawPointer)? {
    let given = constant.bytes.bindMemory(to: T.self)
    guard let buffer = pool.take(given.count) else { return nil }
    let result = buffer.address.bindMemory(to: Int8.self, capacity: given.count)
    for index in given.indices {
      guard let value = Int8(exactly: Int32(given[index]) - zeroPoint) else { return nil }
      result[index] = value
    }
    return (buffer, UnsafeRawPointer(buffer.address))
  }
}
