import IR
import Pictures
import Testing

/// Pictures that are not compressed: two pixels, red and green over blue and white.
@Suite struct BitmapTests {
  private let pixels: [UInt8] = [255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255]

  private func short(_ value: Int) -> [UInt8] { [UInt8(value & 255), UInt8(value >> 8)] }
  private func long(_ value: Int) -> [UInt8] { short(value & 0xffff) + short(value >> 16) }

  private func decode(_ bytes: [UInt8]) throws -> Picture {
    try Picture(decoding: Storage(bytes))
  }

  private var bmp: [UInt8] {
    // Rows from the bottom, blue first, each filled up to four bytes.
    let rows: [UInt8] = [255, 0, 0, 255, 255, 255, 0, 0, 0, 0, 255, 0, 255, 0, 0, 0]
    return Array("BM".utf8) + long(70) + long(0) + long(54) + long(40) + long(2) + long(2)
      + short(1) + short(24) + long(0) + long(16) + long(0) + long(0) + long(0) + long(0) + rows
  }

  private var tiff: [UInt8] {
    let entries: [(tag: Int, type: Int, count: Int, value: Int)] = [
      (256, 3, 1, 2), (257, 3, 1, 2), (258, 3, 3, 134), (259, 3, 1, 1), (262, 3, 1, 2),
      (273, 4, 1, 140), (277, 3, 1, 3), (278, 3, 1, 2), (279, 4, 1, 12), (284, 3, 1, 1),
    ]
    return Array("II".utf8) + short(42) + long(8) + short(entries.count)
      + entries.flatMap { short($0.tag) + short($0.type) + long($0.count) + long($0.value) }
      + long(0) + short(8) + short(8) + short(8) + pixels
  }

  @Test("BMP, PNM and TIFF")
  func kinds() throws {
    let pnm = Array("P6\n# drawn\n2 2\n255\n".utf8) + pixels
    for file in [bmp, pnm, tiff] {
      let picture = try decode(file)
      #expect(picture.width == 2 && picture.height == 2)
      #expect(picture.pixels == pixels)
    }
    let grey = try decode(Array("P5 2 1 255\n".utf8) + [7, 9])
    #expect(grey.pixels == [7, 7, 7, 9, 9, 9])
    #expect(try decode(pnm).greys == [76, 150, 29, 255])
  }

  @Test("Files that end early or are compressed are errors", arguments: 0..<3)
  func damaged(kind: Int) throws {
    let pnm = Array("P6 2 2 255\n".utf8) + pixels
    let file = [bmp, pnm, tiff][kind]
    for end in stride(from: 3, to: file.count - 4, by: 5) {
      #expect(throws: ModelError.self) { try decode(Array(file.prefix(end))) }
    }
    var packed = bmp
    packed[30] = 1
    #expect(throws: ModelError.self) { try decode(packed) }
  }
}
