public import IR
internal import ONNXFile

/// NumPy's file format for one array, versions 1 to 3.
///
/// Source: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
public enum NPY {
  private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

  /// NumPy's codes of the element types that both know, without the byte order.
  private static let codes: [(code: String, type: ElementType)] = [
    ("f4", .float), ("f8", .double), ("f2", .float16), ("i1", .int8), ("i2", .int16),
    ("i4", .int32), ("i8", .int64), ("u1", .uint8), ("u2", .uint16), ("u4", .uint32),
    ("u8", .uint64), ("b1", .bool), ("c8", .complex64), ("c16", .complex128),
  ]

  /// Reads a file, from the standard input for `-`.
  public static func read(_ path: String) throws(ModelError) -> Tensor {
    let file = try FileBytes.read(path, expecting: "a NumPy array")
    return try noting(FileBytes.label(path)) { () throws(ModelError) in try decode(file) }
  }

  /// Writes a file in one step.
  public static func write(_ tensor: Tensor, to path: String) throws(ModelError) {
    try noting(FileBytes.label(path, isOutput: true)) { () throws(ModelError) in
      try FileBytes.write(try encode(tensor), to: path)
    }
  }

  /// Whether a file can hold elements of this type.
  static func holds(_ type: ElementType) -> Bool { codes.contains { $0.type == type } }

  /// Whether bytes begin like a file of this format.
  static func isNPY(_ file: Storage) -> Bool {
    file.withUnsafeBytes { $0.starts(with: magic) }
  }

  /// The element type of NumPy's code without the byte order, such as `f4`.
  static func elementType(_ code: some StringProtocol) -> ElementType? {
    codes.first { $0.code == code }?.type
  }

  /// Decodes an array of numbers, or the arrays of an array of objects: samples of several shapes.
  ///
  /// Numbers stay where they are at whatever address, so that a mapped file's samples need not stand in
  /// memory all at once.
  package static func decodeSamples(_ file: Storage) throws(ModelError) -> SampleArray {
    let (header, start) = try self.header(file)
    guard header.contains("'descr': '|O'") else { return .stacked(try decodeInPlace(file)) }
    let tensors = try PickledArrays.decode(file.slice(start..<file.count))
    return .separate(tensors)
  }

  /// Decodes an array. The elements stay where they are, if they are aligned there.
  package static func decode(_ file: Storage) throws(ModelError) -> Tensor {
    try decodeInPlace(file).aligned
  }

  private static func decodeInPlace(_ file: Storage) throws(ModelError) -> Tensor {
    let (header, start) = try self.header(file)
    let (type, dimensions) = try parse(header)
    var count: Int? = 1
    for dimension in dimensions {
      count = count.flatMap { count in
        let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
        return overflow ? nil : product
      }
    }
    let size = count.flatMap { type.byteCount(of: $0) }
    guard let size, size == file.count - start else {
      throw ModelError(
        .malformed,
        "expected \(size.map { "\($0)" } ?? "fewer than 2^63") bytes of"
          + " \(TensorType(type, dimensions)), found \(file.count - start)")
    }
    return Tensor(type, dimensions, file.slice(start..<file.count))
  }

  private static func header(_ file: Storage) throws(ModelError) -> (text: String, end: Int) {
    let found: (String, Int)? = file.withUnsafeBytes { bytes in
      guard bytes.starts(with: magic), bytes.count >= 12 else { return nil }
      let start: Int
      let count: Int
      switch bytes[6] {
      case 1: (start, count) = (10, Int(bytes.loadLittle(8, as: UInt16.self)))
      case 2, 3: (start, count) = (12, Int(bytes.loadLittle(8, as: UInt32.self)))
      default: return nil
      }
      guard count <= bytes.count - start else { return nil }
      return (String(decoding: bytes[start..<start + count], as: UTF8.self), start + count)
    }
    guard let found else {
      throw ModelError(.malformed, "expected a NumPy array, found a file of another kind")
    }
    return found
  }

  /// Reads the header, a Python dictionary such as
  /// `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`.
  private static func parse(_ header: String) throws(ModelError) -> (ElementType, [Int]) {
    func value(_ key: String) throws(ModelError) -> Substring {
      guard let place = header.firstRange(of: "'\(key)':") else {
        throw ModelError(.malformed, "expected '\(key)' in the header of a NumPy array, found none")
      }
      return header[place.upperBound...].drop { $0 == " " }
    }
    let description = try value("descr").dropFirst().prefix { $0 != "'" }
    let order = description.first
    let code = description.dropFirst()
    guard let type = elementType(code), order != ">" else {
      throw ModelError(
        .unsupported,
        "expected little-endian numbers or truth values, found NumPy's type '\(description)'")
    }
    guard try value("fortran_order").hasPrefix("False") else {
      throw ModelError(
        .unsupported, "expected an array in C order, found one in Fortran order",
        hint: "save numpy.ascontiguousarray(array)")
    }
    let shape = try value("shape").dropFirst().prefix { $0 != ")" }
    var dimensions: [Int] = []
    for part in shape.split(separator: ",") {
      let digits = part.filter { $0 != " " && $0 != "L" }
      if digits.isEmpty { continue }
      guard let dimension = Int(digits), dimension >= 0 else {
        throw ModelError(.malformed, "expected a NumPy array's shape, found '(\(shape))'")
      }
      dimensions.append(dimension)
    }
    return (type, dimensions)
  }

  /// Encodes a tensor: the header and the elements, which are not copied.
  package static func encode(_ tensor: Tensor) throws(ModelError) -> [Storage] {
    guard let code = codes.first(where: { $0.type == tensor.elementType })?.code,
      let storage = tensor.storage
    else {
      throw ModelError(
        .unsupported,
        "expected numbers that NumPy knows, found elements of type \(tensor.elementType)",
        hint: "write a .pb file instead")
    }
    let order = code.hasSuffix("1") ? "|" : "<"
    let dimensions = tensor.dimensions.map { "\($0)" }.joined(separator: ", ")
    let shape = tensor.dimensions.count == 1 ? "(\(dimensions),)" : "(\(dimensions))"
    var header = Array(
      "{'descr': '\(order)\(code)', 'fortran_order': False, 'shape': \(shape), }".utf8)
    // The elements begin at a multiple of 64 bytes, after 10 or 12 bytes of prefix.
    let isLong = header.count > 65_000
    let prefix = isLong ? 12 : 10
    header += [UInt8](repeating: 0x20, count: 63 - (prefix + header.count) % 64) + [0x0A]
    let length = (0..<(isLong ? 4 : 2)).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) }
    return [Storage(magic + [isLong ? 2 : 1, 0] + length + header), storage]
  }
}

extension UnsafeRawBufferPointer {
  /// The little-endian number at `offset`, which must lie inside.
  func loadLittle<T: FixedWidthInteger & BitwiseCopyable>(_ offset: Int, as type: T.Type) -> T {
    T(littleEndian: loadUnaligned(fromByteOffset: offset, as: type))
  }
}
