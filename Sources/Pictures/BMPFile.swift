internal import IR

/// BMP without compression: 24 or 32 bits a pixel, rows from the bottom or from the top
/// (https://learn.microsoft.com/windows/win32/gdi/bitmap-storage).
struct BMPFile {
  private let file: FileNumbers

  init?(_ file: Storage) {
    self.file = FileNumbers(file)
    guard self.file.bytes.starts(with: Array("BM".utf8)) else { return nil }
  }

  func decode() throws(ModelError) -> Picture {
    guard let offset = file.long(10), let width = file.long(18), let signed = file.long(22),
      let bits = file.short(28), let compression = file.long(30)
    else { throw ModelError(.malformed, "expected a BMP picture, found a damaged one") }
    guard compression == 0, bits == 24 || bits == 32 else {
      throw ModelError(
        .unsupported,
        "expected a BMP picture of 24 or 32 bits a pixel, not compressed, found \(bits) bits and"
          + " compression \(compression)")
    }
    let isTopFirst = signed >= 1 << 31
    let height = isTopFirst ? (1 << 32) - signed : signed
    let step = bits / 8
    let stride = (width * step + 3) & ~3
    return try file.picture(
      "BMP", width: width, height: height,
      start: { offset + (isTopFirst ? $0 : height - 1 - $0) * stride }, step: step,
      colours: [2, 1, 0])
  }
}
