private import CPNG
internal import IR

/// PNG, through libpng's simplified interface (http://www.libpng.org/pub/png/libpng-manual.txt, V).
enum PNGFile {
  private static let magic: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  static func isPNG(_ file: Storage) -> Bool {
    file.withUnsafeBytes { $0.starts(with: magic) }
  }

  static func decode(_ file: Storage) throws(ModelError) -> Picture {
    var image = png_image()
    image.version = png_uint_32(PNG_IMAGE_VERSION)
    defer { png_image_free(&image) }
    let isOpen = file.withUnsafeBytes {
      png_image_begin_read_from_memory(&image, $0.baseAddress, $0.count) != 0
    }
    guard isOpen else { throw damaged(image) }
    let (width, height) = (Int(image.width), Int(image.height))
    try Picture.check(width: width, height: height)
    image.format = png_uint_32(PNG_FORMAT_FLAG_COLOR)
    var pixels = [UInt8](repeating: 0, count: 3 * width * height)
    var background = png_color(red: 0, green: 0, blue: 0)
    // The bytes of the file have to stay where they are until the image is finished.
    let isRead = file.withUnsafeBytes { _ in
      pixels.withUnsafeMutableBytes {
        png_image_finish_read(&image, &background, $0.baseAddress, 0, nil) != 0
      }
    }
    guard isRead else { throw damaged(image) }
    return try Picture(width: width, height: height, pixels: pixels)
  }

  private static func damaged(_ image: png_image) -> ModelError {
    let text = withUnsafeBytes(of: image.message) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    return ModelError(.malformed, "expected a PNG picture, found a damaged one: \(text)")
  }
}
