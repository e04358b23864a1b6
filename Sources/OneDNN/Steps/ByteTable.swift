internal import Execution
internal import IR
internal import Kernels

/// Bytes replaced by those of a table, which lie as their operand does.
final class ByteTable: FastStep {
  private let table: [UInt8]
  private let elementType: ElementType
  private var twin = TwinLayout()

  /// - Parameter table: 256 bytes, by the bits of what they stand for.
  init(_ table: [UInt8], _ elementType: ElementType) {
    self.table = table
    self.elementType = elementType
  }

  func takes(_ operands: [RuntimeTensor?]) -> Bool {
    operands.first??.elementType == .uint8 || operands.first??.elementType == .int8
  }

  func run(_ call: FastCall) throws(ModelError) -> [RuntimeTensor?]? {
    guard let x = call.operands[0], let y = try twin.tensor(like: x, elementType, call),
      y.bytes.count == x.bytes.count
    else { return nil }
    lookUp(x.bytes, in: table, into: y.target)
    return [y]
  }
}
