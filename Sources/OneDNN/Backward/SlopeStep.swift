internal import COneDNN
internal import Execution
internal import IR
internal import Kernels
internal import Operators

/// A cotangent times a function's derivative, element by element, in whatever layout both have: what
/// pads a layout is zero in the cotangent, and stays so.
final class SlopeStep: FastStep {
  private let function: UnaryFunction
  private unowned let accelerator: Accelerator

  init(_ function: UnaryFunction, _ accelerator: Accelerator) {
    self.function = function
    self.accelerator = accelerator
  }

  func run(_ call: FastCall) throws(ModelError) -> [RuntimeTensor?]? {
    guard let g = call.operands[0], let x = call.operands[1], let layout = x.layout else {
      return nil
    }
    // Where the derivative has no bound, padding could become no number.
    guard !function.isSteep, g.shape == x.shape else { return nil }
    var given = g.bytes
    var moved: Buffer?
    if g.layout?.descriptor.isSame(as: layout.descriptor) != true {
      guard let from = g.descriptor(of: layout.descriptor.lengths), let address = given.baseAddress,
        let reorder = Reorder(from, to: layout.descriptor, accelerator),
        let buffer = call.pool.take(layout.byteCount), reorder.run(address, to: buffer.address)
      else { return nil }
      given = UnsafeRawBufferPointer(start: buffer.address, count: layout.byteCount)
      moved = buffer
    }
    guard let result = call.pool.take(layout.byteCount) else { return nil }
    let shape = [layout.byteCount / 4]
    let target = UnsafeMutableRawBufferPointer(start: result.address, count: layout.byteCount)
    guard
      slope(
        function, Source(.float, shape, given), Source(.float, shape, x.bytes),
        into: Target(.float, shape, target))
    else { return nil }
    withExtendedLifetime(moved) {}
    return [
      RuntimeTensor(
        .float, x.shape, UnsafeRawBufferPointer(target), owner: result, arrangement: layout)
    ]
  }
}

extension UnaryFunction {
  /// Whether the derivative has no bound near 0.
  fileprivate var isSteep: Bool {
    switch self {
    case .log, .sqrt, .reciprocal, .acosh: true
    default: false
    }
  }
}
