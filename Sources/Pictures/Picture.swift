public import IR

/// A picture of 8-bit red, green and blue values, row by row from the top.
public struct Picture: Sendable {
  /// Columns.
  public let width: Int
  /// Rows.
  public let height: Int
  /// `height · width · 3` values, the colours of a pixel side by side.
  public let pixels: [UInt8]

  /// Makes a picture; there must be three values a pixel.
  ///
  /// - Throws: `ModelError` when there are more or fewer.
  public init(width: Int, height: Int, pixels: [UInt8]) throws(ModelError) {
    guard width > 0, height > 0, width <= Self.longest, height <= Self.longest,
      pixels.count == 3 * width * height
    else {
      throw ModelError(
        .malformed,
        "picture: expected 3 values for each of \(width) x \(height) pixels, found \(pixels.count)")
    }
    self.width = width
    self.height = height
    self.pixels = pixels
  }

  /// The longest side that is read; a file of a few bytes may claim any.
  package static let longest = 1 << 16
  /// The most pixels that are read.
  package static let mostPixels = 1 << 28

  /// Endings of the names of files that are read as pictures, in lower case.
  static let endings = ["png", "jpg", "jpeg", "bmp", "tif", "tiff", "ppm", "pgm"]

  /// Whether a file's name is a picture's.
  package static func isNamed(_ name: String) -> Bool {
    name.split(separator: ".").last.map { endings.contains($0.lowercased()) } == true
      && name.contains(".") && !name.hasPrefix(".")
  }

  /// Decodes a PNG, JPEG, BMP, PNM or TIFF file; of the last three the kinds that are not compressed.
  /// Transparent pixels are laid on black; grey ones become three equal values; EXIF's orientation is
  /// not applied, as Pillow and torchvision do not apply it.
  ///
  /// - Throws: `ModelError` for files of other kinds, damaged ones and sizes beyond 2^28 pixels.
  public init(decoding file: Storage) throws(ModelError) {
    if PNGFile.isPNG(file) {
      self = try PNGFile.decode(file)
    } else if JPEGFile.isJPEG(file) {
      self = try JPEGFile.decode(file)
    } else if let bitmap = BMPFile(file) {
      self = try bitmap.decode()
    } else if let bitmap = PNMFile(file) {
      self = try bitmap.decode()
    } else if let bitmap = TIFFFile(file) {
      self = try bitmap.decode()
    } else {
      throw ModelError(
        .malformed,
        "expected a PNG, JPEG, BMP, PNM or TIFF picture, found a file of another kind")
    }
  }

  /// The brightness of each pixel, as Pillow rounds it (ITU-R 601-2).
  package var greys: [UInt8] {
    (0..<width * height).map { place in
      let red = Int(pixels[3 * place]), green = Int(pixels[3 * place + 1])
      return UInt8((red * 19595 + green * 38470 + Int(pixels[3 * place + 2]) * 7471 + 0x8000) >> 16)
    }
  }

  /// Checks the size that a file states, before memory is asked for.
  package static func check(width: Int, height: Int) throws(ModelError) {
    guard width > 0, height > 0 else {
      throw ModelError(.malformed, "picture: expected pixels, found \(width) x \(height)")
    }
    guard width <= longest, height <= longest, width * height <= mostPixels else {
      throw ModelError(
        .limit, "picture: expected at most \(mostPixels) pixels, found \(width) x \(height)")
    }
  }
}
