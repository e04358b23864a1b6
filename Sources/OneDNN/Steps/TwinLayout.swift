internal import COneDNN
internal import Execution
internal import IR

/// Makes tensors whose elements lie in memory as those of another one do, and are of another type.
struct TwinLayout {
  /// The layout of the last tensor, and that of the one it was made for.
  private var last: (given: Layout, result: Layout)?

  /// A tensor to be filled element by element, as the elements lie; nil where `x` has elements of its
  /// own between those of the tensor.
  mutating func tensor(
    like x: RuntimeTensor, _ type: ElementType, _ call: FastCall
  ) throws(ModelError) -> RuntimeTensor? {
    guard let given = x.layout else {
      return x.arrangement == nil ? try call.pool.tensor(call.label, type, x.shape) : nil
    }
    guard x.elementType.byteCount(of: x.count) == given.byteCount,
      let layout = layout(given, type, isSame: x.elementType == type)
    else { return nil }
    let room = try call.pool.tensor(call.label, type, x.shape)
    return RuntimeTensor(type, x.shape, room.bytes, owner: room.owner, arrangement: layout)
  }

  private mutating func layout(_ given: Layout, _ type: ElementType, isSame: Bool) -> Layout? {
    if isSame { return given }
    if let last, last.given === given { return last.result }
    guard let type = dnnl_data_type_t(type) else { return nil }
    var descriptor = given.descriptor
    descriptor.data_type = type
    let result = Layout(descriptor)
    last = (given, result)
    return result
  }
}
