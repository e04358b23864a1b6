internal import COneDNN
internal import Execution
internal import IR

/// How the elements of a tensor lie in memory, in oneDNN's terms.
final class Layout: Arrangement {
  let descriptor: dnnl_memory_desc_t
  let byteCount: Int
  /// Brings a tensor of this layout to row-major order; made when first needed.
  var toRowMajor: Reorder?

  init(_ descriptor: dnnl_memory_desc_t) {
    self.descriptor = descriptor
    self.byteCount = withUnsafePointer(to: descriptor) { dnnl_memory_desc_get_size($0) }
  }
}

extension RuntimeTensor {
  /// The arrangement of the elements; nil for row-major.
  var layout: Layout? { arrangement as? Layout }
}

extension dnnl_memory_desc_t {
  /// Row-major elements; nil for more axes than oneDNN knows and for axes without elements.
  static func rowMajor(
    _ shape: [Int], _ type: dnnl_data_type_t = dnnl_f32
  ) -> dnnl_memory_desc_t? {
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() {
      strides[axis] = strides[axis + 1] * shape[axis + 1]
    }
    return strided(shape, strides, type)
  }

  /// Elements with the given distances between neighbours along each axis.
  static func strided(
    _ shape: [Int], _ strides: [Int], _ type: dnnl_data_type_t = dnnl_f32
  ) -> dnnl_memory_desc_t? {
    guard (1...Int(DNNL_MAX_NDIMS)).contains(shape.count), shape.allSatisfy({ $0 > 0 }) else {
      return nil
    }
    var descriptor = dnnl_memory_desc_t()
    let status = dnnl_memory_desc_init_by_strides(
      &descriptor, Int32(shape.count), shape.map { Int64($0) }, type,
      strides.map { Int64($0) })
    return status == dnnl_success ? descriptor : nil
  }

  /// Elements in the order that the primitive likes best.
  static func any(
    _ shape: [Int], _ type: dnnl_data_type_t = dnnl_f32
  ) -> dnnl_memory_desc_t? {
    guard (1...Int(DNNL_MAX_NDIMS)).contains(shape.count), shape.allSatisfy({ $0 > 0 }) else {
      return nil
    }
    var descriptor = dnnl_memory_desc_t()
    let status = dnnl_memory_desc_init_by_tag(
      &descriptor, Int32(shape.count), shape.map { Int64($0) }, type, dnnl_format_tag_any)
    return status == dnnl_success ? descriptor : nil
  }

  /// Elements with the channels, axis 1, next to each other.
  static func channelsLast(
    _ shape: [Int], _ type: dnnl_data_type_t = dnnl_f32
  ) -> dnnl_memory_desc_t? {
    guard shape.count > 2 else { return nil }
    var strides = [Int](repeating: 1, count: shape.count)
    var step = shape[1]
    for axis in (2..<shape.count).reversed() {
      strides[axis] = step
      step *= shape[axis]
    }
    strides[0] = step
    return strided(shape, strides, type)
  }

  /// Whether the channels, axis 1, lie next to each other, and nothing is padded.
  var isChannelsLast: Bool {
    guard let other = Self.channelsLast(lengths, data_type), lengths[1] > 1,
      lengths.dropFirst(2).contains(where: { $0 > 1 })
    else { return false }
    return isSame(as: other)
  }

  /// Elements with blocks of neighbouring channels, axis 1, next to each other; nil where these are
  /// not a multiple of a block.
  static func blocked(_ shape: [Int], _ block: Int) -> dnnl_memory_desc_t? {
    let tags =
      block == 8
      ? [dnnl_nCw8c, dnnl_nChw8c, dnnl_nCdhw8c]
      : block == 16 ? [dnnl_nCw16c, dnnl_nChw16c, dnnl_nCdhw16c] : []
    guard (3...5).contains(shape.count), !tags.isEmpty, shape.allSatisfy({ $0 > 0 }),
      shape[1] % block == 0
    else { return nil }
    var descriptor = dnnl_memory_desc_t()
    let status = dnnl_memory_desc_init_by_tag(
      &descriptor, Int32(shape.count), shape.long, dnnl_f32, tags[shape.count - 3])
    return status == dnnl_success ? descriptor : nil
  }

  /// How many channels of floats lie next to each other where these come in blocks; nil elsewhere.
  var channelBlock: Int? {
    guard format_kind == dnnl_blocked, format_desc.blocking.inner_nblks == 1 else { return nil }
    let block = Int(format_desc.blocking.inner_blks.0)
    return Self.blocked(lengths, block).map(isSame) ?? false ? block : nil
  }

  /// Whether both describe the same arrangement.
  func isSame(as other: dnnl_memory_desc_t) -> Bool {
    withUnsafePointer(to: self) { a in
      withUnsafePointer(to: other) { b in dnnl_memory_desc_equal(a, b) != 0 }
    }
  }

  /// The lengths of the axes.
  var lengths: [Int] {
    withUnsafeBytes(of: dims) { bytes in
      bytes.bindMemory(to: Int64.self).prefix(Int(ndims)).map { Int($0) }
    }
  }

  /// The axes from the outermost to the innermost, where the elements lie one after another in some
  /// order of the axes; nil elsewhere.
  var order: [Int]? {
    guard format_kind == dnnl_blocked, offset0 == 0, format_desc.blocking.inner_nblks == 0 else {
      return nil
    }
    let lengths = lengths
    let strides = withUnsafeBytes(of: format_desc.blocking.strides) {
      $0.bindMemory(to: Int64.self).prefix(lengths.count).map { Int($0) }
    }
    let order = lengths.indices.sorted {
      (strides[$1], lengths[$1], $0) < (strides[$0], lengths[$0], $1)
    }
    var expected = 1
    for axis in order.reversed() where lengths[axis] != 1 {
      guard strides[axis] == expected else { return nil }
      expected *= lengths[axis]
    }
    return order
  }

  /// Whether the elements lie one after another in row-major order, whatever the descriptor says
  /// about axes of length 1.
  var isRowMajor: Bool {
    guard format_kind == dnnl_blocked, offset0 == 0 else { return false }
    let blocking = format_desc.blocking
    let lengths = lengths
    let padded = withUnsafeBytes(of: padded_dims) {
      $0.bindMemory(to: Int64.self).prefix(lengths.count).map { Int($0) }
    }
    guard padded == lengths else { return false }
    if blocking.inner_nblks == 1, blocking.inner_idxs.0 == 1 {
      // Blocks of channels follow one another where there is one spatial position.
      return lengths[0] == 1 && lengths.dropFirst(2).allSatisfy { $0 == 1 }
    }
    guard blocking.inner_nblks == 0 else { return false }
    let strides = withUnsafeBytes(of: blocking.strides) {
      $0.bindMemory(to: Int64.self).prefix(lengths.count).map { Int($0) }
    }
    var expected = 1
    for axis in lengths.indices.reversed() where lengths[axis] != 1 {
      guard strides[axis] == expected else { return false }
      expected *= lengths[axis]
    }
    return true
  }
}

extension dnnl_data_type_t {
  /// oneDNN's name of an element type; nil for those that it does not know.
  init?(_ type: ElementType) {
    switch type {
    case .float: self = dnnl_f32
    case .uint8: self = dnnl_u8
    case .int8: self = dnnl_s8
    case .int32: self = dnnl_s32
    default: return nil
    }
  }

  /// The element type of the same name.
  var elementType: ElementType {
    switch self {
    case dnnl_u8: .uint8
    case dnnl_s8: .int8
    case dnnl_s32: .int32
    default: .float
    }
  }
}
