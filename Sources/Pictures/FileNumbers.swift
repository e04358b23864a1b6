internal import IR

/// Numbers in a file, nil beyond its end.
struct FileNumbers: Sendable {
  let bytes: [UInt8]
  /// Whether the first byte of a number is its highest.
  var isBigEndian = false

  init(_ file: Storage) { bytes = file.withUnsafeBytes { [UInt8]($0) } }

  func byte(_ place: Int) -> Int? { bytes.indices.contains(place) ? Int(bytes[place]) : nil }

  func short(_ place: Int) -> Int? { number(place, 2) }

  func long(_ place: Int) -> Int? { number(place, 4) }

  private func number(_ place: Int, _ count: Int) -> Int? {
    guard place >= 0, place <= bytes.count - count else { return nil }
    let part = bytes[place..<place + count]
    return isBigEndian
      ? part.reduce(0) { $0 << 8 | Int($1) } : part.reversed().reduce(0) { $0 << 8 | Int($1) }
  }

  /// The rows of a picture as three values a pixel.
  ///
  /// - Parameters:
  ///   - start: where each row begins.
  ///   - step: bytes a pixel.
  ///   - colours: where in a pixel red, green and blue stand.
  func picture(
    _ kind: String, width: Int, height: Int, start: (Int) -> Int?, step: Int, colours: [Int]
  ) throws(ModelError) -> Picture {
    try Picture.check(width: width, height: height)
    var pixels: [UInt8] = []
    pixels.reserveCapacity(3 * width * height)
    for row in 0..<height {
      guard let first = start(row), first >= 0, first <= bytes.count - width * step else {
        throw ModelError(
          .malformed, "expected a \(kind) picture of \(height) rows, found \(row) whole ones")
      }
      for column in 0..<width {
        for colour in colours { pixels.append(bytes[first + column * step + colour]) }
      }
    }
    return try Picture(width: width, height: height, pixels: pixels)
  }
}
