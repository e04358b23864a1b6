/// Cutting tensors up and joining them along an axis, whatever their elements are.
extension Tensor {
  /// A copy of the indices `range` along an axis; both must lie inside. Nil for elements that are no
  /// whole bytes.
  package func slice(_ range: Range<Int>, axis: Int) -> Tensor? {
    let span = AxisSpan(dimensions, axis: axis)
    var result = self
    result.dimensions[axis] = range.count
    result.encoding = .raw
    switch payload {
    case .strings(let texts):
      result.encoding = .typed
      result.payload = .strings(
        (0..<span.outer).flatMap { block in
          texts[
            span.start(
              block: block, index: range.lowerBound)..<span.start(
                block: block, index: range.upperBound)]
        })
    case .bytes(let storage):
      guard let width = elementType.byteWidth else { return nil }
      let from = range.lowerBound * span.inner * width
      let stride = span.length * span.inner * width
      let count = range.count * span.inner * width
      result.payload = .bytes(
        Storage(count: span.outer * count) { target in
          guard count > 0 else { return }
          for block in 0..<span.outer {
            let part = storage.bytes[block * stride + from..<block * stride + from + count]
            UnsafeMutableRawBufferPointer(rebasing: target[(block * count)...])
              .copyMemory(from: UnsafeRawBufferPointer(rebasing: part))
          }
        })
    }
    return result
  }

  /// Tensors one after another along an axis; nil where another axis or the element type differs,
  /// there are none, or elements are no whole bytes.
  package init?(joining parts: [Tensor], axis: Int) {
    guard var result = parts.first, result.dimensions.indices.contains(axis) else { return nil }
    result.encoding = .raw
    result.dimensions[axis] = 0
    for part in parts {
      guard part.elementType == result.elementType,
        part.dimensions.count == result.dimensions.count
      else { return nil }
      let (sum, overflow) = result.dimensions[axis].addingReportingOverflow(part.dimensions[axis])
      guard !overflow else { return nil }
      result.dimensions[axis] = part.dimensions[axis]
      guard result.dimensions == part.dimensions else { return nil }
      result.dimensions[axis] = sum
    }
    let span = AxisSpan(result.dimensions, axis: axis)
    if case .strings = result.payload {
      var texts: [[UInt8]] = []
      for block in 0..<span.outer {
        for part in parts {
          guard case .strings(let own) = part.payload else { return nil }
          let count = part.dimensions[axis] * span.inner
          texts += own[block * count..<(block + 1) * count]
        }
      }
      result.encoding = .typed
      result.payload = .strings(texts)
    } else {
      guard let width = result.elementType.byteWidth,
        let size = result.elementType.byteCount(of: result.count)
      else { return nil }
      let sources = parts.compactMap(\.storage)
      guard sources.count == parts.count else { return nil }
      let storage = Storage(count: size) { target in
        var place = 0
        for block in 0..<span.outer {
          for (part, source) in zip(parts, sources) {
            let count = part.dimensions[axis] * span.inner * width
            guard count > 0 else { continue }
            let bytes = source.bytes[block * count..<(block + 1) * count]
            UnsafeMutableRawBufferPointer(rebasing: target[place...])
              .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes))
            place += count
          }
        }
      }
      result.payload = .bytes(storage)
    }
    self = result
  }

  /// The tensor with an axis of length 1 added; the axis must lie in 0...rank.
  package func unsqueezed(axis: Int) -> Tensor {
    var result = self
    result.dimensions.insert(1, at: axis)
    return result
  }

  /// Index `index` along an axis, without that axis; both must lie inside. Nil for elements that are
  /// no whole bytes.
  package func element(_ index: Int, axis: Int) -> Tensor? {
    guard var result = slice(index..<index + 1, axis: axis) else { return nil }
    result.dimensions.remove(at: axis)
    return result
  }

  /// A tensor of zeros, or of empty strings; nil where it does not fit in memory.
  package static func zeros(_ elementType: ElementType, _ dimensions: [Int]) -> Tensor? {
    var count = 1
    for length in dimensions {
      let (product, overflow) = count.multipliedReportingOverflow(by: length)
      guard length >= 0, !overflow, product < 1 << 40 else { return nil }
      count = product
    }
    if elementType == .string {
      return Tensor(strings: Array(repeating: [], count: count), dimensions)
    }
    guard let size = elementType.byteCount(of: count) else { return nil }
    return Tensor(elementType, dimensions, Storage(count: size))
  }

  /// A truth value.
  package init(bool value: Bool) { self.init(.bool, [], Storage([UInt8(value ? 1 : 0)])) }
}
