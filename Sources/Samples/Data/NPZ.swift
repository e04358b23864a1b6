private import CZlib
public import IR
internal import ONNXFile

/// NumPy's file format for named arrays: a ZIP archive of `.npy` files.
public enum NPZ {
  /// Reads a file: names and arrays in the file's order.
  public static func read(_ path: String) throws(ModelError) -> [(name: String, tensor: Tensor)] {
    let file = try FileBytes.read(path, expecting: "an .npz archive")
    return try noting(FileBytes.label(path)) { () throws(ModelError) in try decode(file) }
  }

  /// Decodes an archive. Files in it that are no arrays are left out.
  package static func decode(
    _ file: Storage
  ) throws(ModelError) -> [(name: String, tensor: Tensor)] {
    let archive = try ZipArchive(file)
    var arrays: [(name: String, tensor: Tensor)] = []
    for entry in archive.entries where entry.name.hasSuffix(".npy") {
      let name = String(entry.name.dropLast(4))
      let tensor = try noting("array '\(name)'") { () throws(ModelError) in
        try NPY.decode(try archive.contents(of: entry))
      }
      arrays.append((name, tensor))
    }
    return arrays
  }

  /// Decodes an archive whose arrays may hold samples of several shapes.
  static func decodeSamples(
    _ file: Storage
  ) throws(ModelError) -> [(name: String, values: SampleArray)] {
    let archive = try ZipArchive(file)
    var arrays: [(name: String, values: SampleArray)] = []
    for entry in archive.entries where entry.name.hasSuffix(".npy") {
      let name = String(entry.name.dropLast(4))
      let values = try noting("array '\(name)'") { () throws(ModelError) in
        try NPY.decodeSamples(try archive.contents(of: entry))
      }
      arrays.append((name, values))
    }
    return arrays
  }

  /// Writes a file in one step, its arrays stored without compression.
  public static func write(
    _ arrays: [(name: String, tensor: Tensor)], to path: String
  ) throws(ModelError) {
    try noting(FileBytes.label(path, isOutput: true)) { () throws(ModelError) in
      try FileBytes.write(try encode(arrays), to: path)
    }
  }

  /// Encodes an archive without the extensions for more than 4 GB.
  package static func encode(
    _ arrays: [(name: String, tensor: Tensor)]
  ) throws(ModelError) -> [Storage] {
    var pieces: [Storage] = []
    var directory: [UInt8] = []
    var offset = 0
    for (name, tensor) in arrays {
      let contents = try noting("array '\(name)'") { () throws(ModelError) in
        try NPY.encode(tensor)
      }
      let size = contents.reduce(0) { $0 + $1.count }
      let file = Array("\(name).npy".utf8)
      guard size + offset + directory.count <= 0xFFFF_0000, file.count < 65_536,
        arrays.count < 65_535
      else {
        throw ModelError(
          .unsupported, "expected arrays of at most 4 GB in one .npz file, found more",
          hint: "write a folder of .npy files instead")
      }
      let checksum = contents.reduce(UInt(0)) { checksum, piece in
        piece.withUnsafeBytes {
          crc32_z(checksum, $0.baseAddress?.assumingMemoryBound(to: UInt8.self), $0.count)
        }
      }
      // Version 2.0, no flags, stored, the first of January 1980.
      var facts = Little()
      facts.add(20, 0, 0, 0, 0x21, width: 2)
      facts.add(Int(checksum), size, size, width: 4)
      facts.add(file.count, 0, width: 2)
      let header = [0x50, 0x4B, 3, 4] + facts.bytes + file
      pieces.append(Storage(header))
      pieces += contents

      var tail = Little()
      tail.add(0, 0, 0, width: 2)
      tail.add(0, offset, width: 4)
      directory += [0x50, 0x4B, 1, 2, 20, 0] + facts.bytes + tail.bytes + file
      offset += header.count + size
    }
    var end = Little()
    end.add(0, 0, arrays.count, arrays.count, width: 2)
    end.add(directory.count, offset, width: 4)
    end.add(0, width: 2)
    return pieces + [Storage(directory + [0x50, 0x4B, 5, 6] + end.bytes)]
  }

  /// Numbers as little-endian bytes.
  private struct Little {
    private(set) var bytes: [UInt8] = []

    mutating func add(_ values: Int..., width: Int) {
      for value in values {
        for place in 0..<width { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * place))) }
      }
    }
  }
}
