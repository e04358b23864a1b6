internal import IR

/// Binary PPM and PGM of 8 bits a value (https://netpbm.sourceforge.net/doc/ppm.html).
struct PNMFile {
  private let file: FileNumbers
  private let isGrey: Bool

  init?(_ file: Storage) {
    self.file = FileNumbers(file)
    guard self.file.bytes.count > 2, self.file.bytes[0] == UInt8(ascii: "P"),
      [UInt8(ascii: "5"), UInt8(ascii: "6")].contains(self.file.bytes[1])
    else { return nil }
    isGrey = self.file.bytes[1] == UInt8(ascii: "5")
  }

  func decode() throws(ModelError) -> Picture {
    var place = 2
    var numbers: [Int] = []
    while numbers.count < 3 {
      guard let byte = file.byte(place) else { throw damaged }
      switch byte {
      case 35:
        while let next = file.byte(place), next != 10 { place += 1 }
      case 9...13, 32: place += 1
      case 48...57:
        var number = 0
        while let digit = file.byte(place), (48...57).contains(digit), number < 1 << 30 {
          number = number * 10 + digit - 48
          place += 1
        }
        numbers.append(number)
      default: throw damaged
      }
    }
    guard numbers[2] == 255 else {
      throw ModelError(
        .unsupported, "expected a PNM picture of values up to 255, found up to \(numbers[2])")
    }
    let first = place + 1, step = isGrey ? 1 : 3
    let width = numbers[0]
    try Picture.check(width: width, height: numbers[1])
    return try file.picture(
      "PNM", width: width, height: numbers[1], start: { first + $0 * width * step }, step: step,
      colours: isGrey ? [0, 0, 0] : [0, 1, 2])
  }

  private var damaged: ModelError {
    ModelError(.malformed, "expected a PNM picture, found a damaged one")
  }
}
