internal import IR

extension Tensor {
  /// The tensor with each run of `length` elements multiplied by a factor; nil for other types than
  /// float and double.
  func scaled(runs: Int, of length: Int, by factor: (Int) -> Double) -> Tensor? {
    func multiply<T: BinaryFloatingPoint & BitwiseCopyable>(_ type: T.Type) -> Storage? {
      guard let storage, storage.count == runs * length * MemoryLayout<T>.stride else { return nil }
      return Storage(count: storage.count) { target in
        guard let source = storage.bytes.baseAddress, let to = target.baseAddress else { return }
        for run in 0..<runs {
          let factor = factor(run)
          for index in run * length..<(run + 1) * length {
            let offset = index * MemoryLayout<T>.stride
            let value = source.loadUnaligned(fromByteOffset: offset, as: T.self)
            to.storeBytes(of: T(Double(value) * factor), toByteOffset: offset, as: T.self)
          }
        }
      }
    }
    let result: Storage?
    switch elementType {
    case .float: result = multiply(Float.self)
    case .double: result = multiply(Double.self)
    default: result = nil
    }
    return result.map { Tensor(elementType, dimensions, $0) }
  }
}
