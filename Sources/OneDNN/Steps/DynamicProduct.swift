internal import COneDNN
internal import Execution
internal import IR
internal import Kernels
internal import Operators

/// Sums of products of 8-bit integers in int32, of matrices or under a window, whose right side is
/// constant and whose left side has a zero-point that each run brings.
final class DynamicProduct: FastStep {
  /// One, or several whose results are added: without their zero-point constants may have nine bits.
  private let passes: [PreparedStep]
  /// The zero-point, where the primitives read it.
  private let zero: Zero
  let readsLayouts: Bool
  /// The input that is the zero-point of the left side.
  private let place: Int
  /// Whether products with signed activations are exact as well.
  private let takesSigned: Bool

  private final class Zero {
    let address = UnsafeMutablePointer<Int32>.allocate(capacity: 1)
    deinit { address.deallocate() }
  }

  /// Nil for operands that only the kernel multiplies.
  ///
  /// - Parameters:
  ///   - readsLayouts: whether operands come as they lie in memory.
  ///   - computation: the product or convolution.
  ///   - prepare: compiles the primitive for a weight.
  init?(
    _ constants: [RuntimeTensor?], given: [Bool], zeroPoints: (left: Int, right: Int),
    readsLayouts: Bool, _ computation: Computation, _ accelerator: Accelerator,
    prepare: (Weights, Finish) -> PreparedStep.Prepare
  ) {
    guard let b = constants[safe: 1] ?? nil,
      let right = Self.zeroPoint(zeroPoints.right, constants, given),
      accelerator.multipliesBytes(.uint8, by: b, zeroPoint: right, in: computation),
      let one = dnnl_memory_desc_t.rowMajor([1], dnnl_s32)
    else { return nil }
    let zero = Zero()
    let fixed = Memory.Fixed(address: UnsafeRawPointer(zero.address), owner: zero)
    guard let memory = Memory(one, accelerator.engine, fixed: fixed) else { return nil }
    self.zero = zero
    takesSigned = accelerator.multipliesBytes(.int8, by: b, zeroPoint: right, in: computation)
    self.readsLayouts = readsLayouts
    place = zeroPoints.left
    passes = b.parts(zeroPoint: right).map { part in
      let weights = Weights(
        [nil, b], present: [true, true], zeroPoint: right, part: part, accelerator)
      return PreparedStep(
        accelerator, types: .bytes(1), readsLayouts: readsLayouts,
        prepare(weights, .sums(zero: memory)))
    }
  }

  /// The one zero-point of the right side; nil where parts of it have their own.
  private static func zeroPoint(
    _ place: Int, _ constants: [RuntimeTensor?], _ given: [Bool]
  ) -> Int32? {
    guard given[safe: place] ?? false else { return 0 }
    guard let values = (constants[safe: place] ?? nil)?.view.integers, let first = values.first,
      values.allSatisfy({ $0 == first })
    else { return nil }
    return Int32(truncatingIfNeeded: first)
  }

  func takes(_ operands: [RuntimeTensor?]) -> Bool {
    guard takesSigned || operands.first??.elementType == .uint8 else { return false }
    return passes.allSatisfy { $0.takes(operands) }
  }

  func run(_ call: FastCall) throws(ModelError) -> [RuntimeTensor?]? {
    var value = 0
    if let given = call.operands[safe: place] ?? nil {
      guard given.count == 1, given.elementType == call.operands[0]?.elementType,
        let only = given.view.integers?.first
      else { return nil }
      value = only
    }
    zero.address.pointee = Int32(truncatingIfNeeded: value)
    var sum: RuntimeTensor?
    for pass in passes {
      guard let next = try pass.run(call)?.first ?? nil else { return nil }
      guard let before = sum else {
        sum = next
        continue
      }
      guard before.bytes.count == next.bytes.count,
        before.arrangement === next.arrangement || Self.alike(before, next)
      else { return nil }
      let shape = [before.bytes.count / 4]
      guard
        binary(
          .add, Source(.int32, shape, before.bytes), Source(.int32, shape, next.bytes),
          into: Target(.int32, shape, before.target))
      else { return nil }
    }
    return sum.map { [$0] }
  }

  /// Whether the elements of both lie in the same order.
  private static func alike(_ a: RuntimeTensor, _ b: RuntimeTensor) -> Bool {
    guard let first = a.layout, let second = b.layout else { return false }
    return first.descriptor.isSame(as: second.descriptor)
  }
}

extension Accelerator {
  /// A product of matrices of bytes; one right matrix for all.
  func product(
    _ computation: Computation, _ constants: [RuntimeTensor?], given: [Bool],
    zeroPoints: (left: Int, right: Int)
  ) -> (any FastStep)? {
    guard let b = constants[safe: 1] ?? nil, b.shape.count >= 2,
      b.shape.dropLast(2).allSatisfy({ $0 == 1 })
    else { return nil }
    return DynamicProduct(
      constants, given: given, zeroPoints: zeroPoints, readsLayouts: false, computation, self
    ) {
      matrixProduct($0, $1)
    }
  }

  /// A convolution of bytes.
  func convolution(
    _ form: LinearForm, _ computation: Computation, _ constants: [RuntimeTensor?], given: [Bool],
    zeroPoints: (left: Int, right: Int)
  ) -> (any FastStep)? {
    DynamicProduct(
      constants, given: given, zeroPoints: zeroPoints, readsLayouts: true, computation, self
    ) {
      convolution(form, $0, $1)
    }
  }
}

extension RuntimeTensor {
  /// The numbers of eight bits whose sums the elements of a tensor of bytes are with the zero-point
  /// taken off.
  fileprivate func parts(zeroPoint: Int32) -> [Weights.Part] {
    let isSigned = elementType == .int8
    var lowest: Int32 = 0, highest: Int32 = 0
    for byte in bytes {
      let value = (isSigned ? Int32(Int8(bitPattern: byte)) : Int32(byte)) - zeroPoint
      lowest = min(lowest, value)
      highest = max(highest, value)
    }
    if lowest >= -128 && highest <= 127 { return [.whole] }
    return highest > 254 ? [.nearest, .rest, .last] : [.nearest, .rest]
  }
}
