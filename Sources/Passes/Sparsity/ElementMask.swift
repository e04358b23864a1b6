internal import IR
internal import Platform

/// Which elements of a weight stay, a bit an element.
struct ElementMask {
  private(set) var bytes: [UInt8]
  let count: Int

  /// All stay.
  init(count: Int) {
    self.count = count
    bytes = [UInt8](repeating: 0xff, count: (count + 7) / 8)
    if count % 8 != 0 { bytes[count / 8] = UInt8(1 << (count % 8) - 1) }
  }

  /// A mask in Base64; nil where it has not a bit for each of `count` elements.
  init?(base64: String, count: Int) {
    guard let data = Base64.bytes(of: base64), data.count == (count + 7) / 8 else { return nil }
    self.count = count
    bytes = data
  }

  /// Whether an element stays.
  subscript(index: Int) -> Bool { bytes[index >> 3] >> UInt8(index & 7) & 1 == 1 }

  /// Drops an element.
  mutating func drop(_ index: Int) { bytes[index >> 3] &= ~(1 << UInt8(index & 7)) }

  /// The bits in row-major order, the lowest bit of a byte first, in Base64.
  var base64: String { Base64.text(of: bytes) }
}

extension Tensor {
  /// The tensor with zeros for the elements that do not stay.
  func keeping(_ mask: ElementMask) -> Tensor {
    guard let storage, let width = elementType.byteWidth, mask.count == count else { return self }
    var tensor = self
    tensor.encoding = .raw
    tensor.payload = .bytes(
      .deferred(count: storage.count) { target in
        storage.withUnsafeBytes { target.copyMemory(from: $0) }
        storage.releasePages()
        guard let start = target.baseAddress, target.count == mask.count * width else { return }
        for index in 0..<mask.count where !mask[index] {
          (start + index * width).initializeMemory(as: UInt8.self, repeating: 0, count: width)
        }
      })
    return tensor
  }
}
