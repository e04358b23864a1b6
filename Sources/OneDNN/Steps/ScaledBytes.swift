internal import Execution
internal import IR
internal import Kernels
internal import Operators

/// Numbers made of bytes, or bytes of numbers, of one scale for all, in a layout of oneDNN's: results
/// lie as their operand does, so that what follows need not bring them back. Row-major ones are left
/// to the kernels.
final class ScaledBytes: FastStep {
  private let scale: Float
  private let zeroPoint: Int32
  /// The type of bytes.
  private let bytes: ElementType
  /// Whether numbers become bytes.
  private let rounds: Bool
  private var twin = TwinLayout()

  /// Nil for other types, for blocks and for several or unknown scales.
  ///
  /// - Parameter rounds: whether numbers become bytes.
  init?(_ settings: LinearQuantizationSettings, _ constants: [RuntimeTensor?], rounds: Bool) {
    guard settings.blockSize == 0, [.undefined, .float].contains(settings.precision),
      let scale = constants[safe: 1] ?? nil, scale.elementType == .float, scale.count == 1,
      let zero = constants[safe: 2] ?? nil, zero.count == 1,
      [.uint8, .int8].contains(zero.elementType), let zeroPoint = zero.view.integers?.first,
      settings.outputType == .undefined
        || settings.outputType == (rounds ? zero.elementType : .float)
    else { return nil }
    self.scale = scale.bytes.loadUnaligned(as: Float.self)
    self.zeroPoint = Int32(zeroPoint)
    self.rounds = rounds
    bytes = zero.elementType
  }

  func takes(_ operands: [RuntimeTensor?]) -> Bool {
    guard let x = operands.first ?? nil else { return false }
    return x.layout != nil && x.elementType == (rounds ? .float : bytes)
  }

  func run(_ call: FastCall) throws(ModelError) -> [RuntimeTensor?]? {
    guard let x = call.operands[0],
      let y = try twin.tensor(like: x, rounds ? bytes : .float, call)
    else { return nil }
    let narrow: Scalar = bytes == .uint8 ? .uint8 : .int8
    let from = Source(rounds ? .float : narrow, [x.count], x.bytes)
    let to = Target(rounds ? narrow : .float, [x.count], y.target)
    let parameters = QuantizedParameters(
      QuantizedLayout(count: x.count), scales: [scale], zeroPoints: [zeroPoint])
    let isDone =
      rounds
      ? quantizeLinear(from, parameters, into: to) : dequantizeLinear(from, parameters, into: to)
    return isDone ? [y] : nil
  }
}
