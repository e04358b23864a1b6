internal import IR

/// TIFF without compression: its first picture, in colours or grey, 8 bits a value
/// (https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf).
struct TIFFFile {
  private let file: FileNumbers

  private enum Tag: Int {
    case width = 256, height, bits, compression
    case meaning = 262
    case strips = 273
    case samples = 277, rowsPerStrip
    case planes = 284
  }

  init?(_ file: Storage) {
    var numbers = FileNumbers(file)
    let magic = Array(numbers.bytes.prefix(4))
    guard magic == [0x49, 0x49, 42, 0] || magic == [0x4D, 0x4D, 0, 42] else { return nil }
    numbers.isBigEndian = magic[0] == 0x4D
    self.file = numbers
  }

  func decode() throws(ModelError) -> Picture {
    let fields = fields()
    func one(_ tag: Tag, _ fallback: Int? = nil) throws(ModelError) -> Int {
      guard let value = fields[tag]?.first ?? fallback else {
        throw ModelError(.malformed, "expected a TIFF picture, found a damaged one")
      }
      return value
    }
    let (width, height) = (try one(.width), try one(.height))
    let samples = try one(.samples, 1), meaning = try one(.meaning)
    let compression = try one(.compression, 1), bits = fields[.bits] ?? [1]
    guard compression == 1, try one(.planes, 1) == 1, bits.allSatisfy({ $0 == 8 }),
      meaning == 2 && samples >= 3 || meaning == 1 && samples >= 1, samples <= 8
    else {
      throw ModelError(
        .unsupported,
        "expected a TIFF picture in colours or grey of 8 bits, not compressed, found compression"
          + " \(compression), \(bits) bits and meaning \(meaning)")
    }
    try Picture.check(width: width, height: height)
    let strips = fields[.strips] ?? [], rows = max(1, try one(.rowsPerStrip, height))
    return try file.picture(
      "TIFF", width: width, height: height,
      start: { row in
        guard row / rows < strips.count else { return nil }
        return strips[row / rows] + row % rows * width * samples
      }, step: samples, colours: meaning == 2 ? [0, 1, 2] : [0, 0, 0])
  }

  /// The numbers of the fields that matter.
  private func fields() -> [Tag: [Int]] {
    var fields: [Tag: [Int]] = [:]
    guard let directory = file.long(4), let count = file.short(directory) else { return [:] }
    for index in 0..<count {
      let entry = directory + 2 + 12 * index
      guard let number = file.short(entry), let type = file.short(entry + 2),
        let length = file.long(entry + 4), let width = [3: 2, 4: 4][type],
        let tag = Tag(rawValue: number), length <= file.bytes.count
      else { continue }
      let isInside = length * width <= 4
      guard let place = isInside ? entry + 8 : file.long(entry + 8) else { continue }
      let values = (0..<length).compactMap {
        width == 2 ? file.short(place + 2 * $0) : file.long(place + 4 * $0)
      }
      if values.count == length { fields[tag] = values }
    }
    return fields
  }
}
