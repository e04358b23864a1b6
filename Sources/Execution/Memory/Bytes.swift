internal import IR

extension RuntimeTensor {
  /// Whether a tensor of bytes has elements of eight bits with the zero-point taken off.
  package func isWithinBytes(zeroPoint: Int32) -> Bool {
    let isSigned = elementType == .int8
    return bytes.allSatisfy { byte in
      let value = isSigned ? Int32(Int8(bitPattern: byte)) : Int32(byte)
      return Int8(exactly: value - zeroPoint) != nil
    }
  }
}
