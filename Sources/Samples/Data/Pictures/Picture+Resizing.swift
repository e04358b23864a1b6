internal import IR
internal import Pictures

extension Picture {
  /// The picture in another size: bilinear, and where it shrinks averaged over what falls together,
  /// as Pillow's `resize(…, BILINEAR)` and torchvision's `Resize` do on its pictures. Columns first,
  /// then rows, rounded to 8 bits in between, weights in fixed point of 22 bits, so that the values
  /// are Pillow's.
  func resized(width newWidth: Int, height newHeight: Int) throws(ModelError) -> Picture {
    try Picture.check(width: newWidth, height: newHeight)
    if newWidth == width, newHeight == height { return self }
    let columns = newWidth == width ? nil : ResizingWeights(from: width, to: newWidth)
    let rows = newHeight == height ? nil : ResizingWeights(from: height, to: newHeight)
    var wide = pixels
    if let columns {
      wide = [UInt8](repeating: 0, count: 3 * newWidth * height)
      for y in 0..<height {
        columns.apply(
          pixels, start: 3 * y * width, step: 3, lanes: 3, into: &wide, at: 3 * y * newWidth)
      }
    }
    guard let rows else { return try Picture(width: newWidth, height: newHeight, pixels: wide) }
    var result = [UInt8](repeating: 0, count: 3 * newWidth * newHeight)
    rows.apply(wide, start: 0, step: 3 * newWidth, lanes: 3 * newWidth, into: &result, at: 0)
    return try Picture(width: newWidth, height: newHeight, pixels: result)
  }

  /// The part of a size in the middle. Where the picture is smaller, black is put around it.
  func centerCropped(width newWidth: Int, height newHeight: Int) throws(ModelError) -> Picture {
    try Picture.check(width: newWidth, height: newHeight)
    if newWidth == width, newHeight == height { return self }
    let left = Self.offset(width, newWidth), top = Self.offset(height, newHeight)
    var result = [UInt8](repeating: 0, count: 3 * newWidth * newHeight)
    for y in 0..<newHeight where (0..<height).contains(y + top) {
      for x in max(0, -left)..<max(max(0, -left), min(newWidth, width - left)) {
        let from = 3 * ((y + top) * width + x + left), to = 3 * (y * newWidth + x)
        for colour in 0..<3 { result[to + colour] = pixels[from + colour] }
      }
    }
    return try Picture(width: newWidth, height: newHeight, pixels: result)
  }

  /// Where the middle part begins: half the difference, halves to even, as torchvision rounds it.
  private static func offset(_ old: Int, _ new: Int) -> Int {
    Int((Double(old - new) / 2).rounded(.toNearestOrEven))
  }
}

/// For each place of a new row, the old places that count and how much.
private struct ResizingWeights {
  private static let bits = 22
  private var spans: [(first: Int, weights: [Int32])] = []

  init(from old: Int, to new: Int) {
    let scale = Double(old) / Double(new)
    let reach = max(scale, 1)
    for place in 0..<new {
      let centre = (Double(place) + 0.5) * scale
      let first = max(0, Int(centre - reach + 0.5))
      let end = min(old, Int(centre + reach + 0.5))
      let raw = (first..<end).map { max(0, 1 - abs((Double($0) - centre + 0.5) / reach)) }
      let sum = raw.reduce(0, +)
      let fixed = raw.map { weight -> Int32 in
        Int32((weight / sum * Double(1 << Self.bits)).rounded(.toNearestOrAwayFromZero))
      }
      spans.append((first, fixed))
    }
  }

  /// Makes a new row (of `lanes` values that are weighted alike) from old ones `step` apart.
  func apply(
    _ source: [UInt8], start: Int, step: Int, lanes: Int, into target: inout [UInt8], at place: Int
  ) {
    let half = Int32(1) << Int32(Self.bits - 1)
    target.withUnsafeMutableBufferPointer { target in
      source.withUnsafeBufferPointer { source in
        for (index, span) in spans.enumerated() {
          for lane in 0..<lanes {
            var sum = half
            for (offset, weight) in span.weights.enumerated() {
              sum &+= Int32(source[start + (span.first + offset) * step + lane]) &* weight
            }
            target[place + index * lanes + lane] = UInt8(min(255, max(0, sum >> Int32(Self.bits))))
          }
        }
      }
    }
  }
}
