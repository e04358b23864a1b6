internal import COneDNN
internal import Execution
internal import IR
internal import Kernels

/// Bytes replaced by those of a table, which lie as their operand does.
final class ByteTable: FastStep {
  private let table: [UInt8]
  private let elementType: ElementType
  /// The layout of the last result, and that of its operand.
  private var last: (given: Layout, result: Layout)?

  /// - Parameter table: 256 bytes, by the bits of what they stand for.
  init(_ table: [UInt8], _ elementType: ElementType) {
    self.table = table
    self.elementType = elementType
  }

  func takes(_ operands: [RuntimeTensor?]) -> Bool {
    operands.first??.elementType == .uint8 || operands.first??.elementType == .int8
  }

  func run(_ call: FastCall) throws(ModelError) -> [RuntimeTensor?]? {
    guard let x = call.operands[0], let layout = layout(x) else { return nil }
    let y = try call.pool.tensor(call.label, elementType, x.shape)
    guard y.bytes.count == x.bytes.count else { return nil }
    lookUp(x.bytes, in: table, into: y.target)
    return [
      RuntimeTensor(elementType, x.shape, y.bytes, owner: y.owner, arrangement: layout.result)
    ]
  }

  /// The layout of the result, nil within for row-major; nil where that of the operand has elements
  /// of its own.
  private func layout(_ x: RuntimeTensor) -> (result: Layout?, Void)? {
    guard let given = x.layout else { return x.arrangement == nil ? (nil, ()) : nil }
    guard given.descriptor.format_desc.blocking.inner_nblks == 0 else { return nil }
    if x.elementType == elementType { return (given, ()) }
    if let last, last.given === given { return (last.result, ()) }
    var descriptor = given.descriptor
    guard let type = dnnl_data_type_t(elementType) else { return nil }
    descriptor.data_type = type
    let result = Layout(descriptor)
    last = (given, result)
    return (result, ())
  }
}
