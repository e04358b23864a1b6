private import CTurboJPEG
internal import IR

/// JPEG, through libjpeg-turbo's TurboJPEG interface, with the exact inverse transform that Pillow
/// uses.
enum JPEGFile {
  static func isJPEG(_ file: Storage) -> Bool {
    file.withUnsafeBytes { $0.starts(with: [0xFF, 0xD8, 0xFF]) }
  }

  static func decode(_ file: Storage) throws(ModelError) -> Picture {
    guard let decoder = tjInitDecompress() else {
      throw ModelError(.unsupported, "JPEG: expected a decoder, found none")
    }
    defer { tjDestroy(decoder) }
    var width: Int32 = 0, height: Int32 = 0, subsampling: Int32 = 0, colours: Int32 = 0
    let size = UInt(file.count)
    let isOpen = file.withUnsafeBytes {
      tjDecompressHeader3(
        decoder, $0.bindMemory(to: UInt8.self).baseAddress, size, &width, &height, &subsampling,
        &colours) == 0
    }
    guard isOpen else { throw damaged(decoder) }
    guard colours != TJCS_CMYK.rawValue, colours != TJCS_YCCK.rawValue else {
      throw ModelError(
        .unsupported, "expected a JPEG picture in colours or grey, found one for printing (CMYK)")
    }
    try Picture.check(width: Int(width), height: Int(height))
    var pixels = [UInt8](repeating: 0, count: 3 * Int(width) * Int(height))
    let isRead = file.withUnsafeBytes { bytes in
      pixels.withUnsafeMutableBufferPointer {
        tjDecompress2(
          decoder, bytes.bindMemory(to: UInt8.self).baseAddress, size, $0.baseAddress, width, 0,
          height, Int32(TJPF_RGB.rawValue), TJFLAG_ACCURATEDCT) == 0
      }
    }
    // A warning (of stray bytes, say) leaves a picture that can be used.
    guard isRead || tjGetErrorCode(decoder) == Int32(TJERR_WARNING.rawValue) else {
      throw damaged(decoder)
    }
    return try Picture(width: Int(width), height: Int(height), pixels: pixels)
  }

  private static func damaged(_ decoder: tjhandle) -> ModelError {
    let text = tjGetErrorStr2(decoder).map { String(cString: $0) } ?? "unknown"
    return ModelError(.malformed, "expected a JPEG picture, found a damaged one: \(text)")
  }
}
