public import IR
internal import Pictures

/// How a picture becomes a model's input: size, crop, numbers, layout.
///
/// Written as words set apart by commas, later ones over earlier ones, such as `imagenet` or
/// `resize=256,crop=224,scale=1/255,mean=0.5,std=0.5,layout=nchw,order=rgb`:
///
/// - `imagenet`: the shorter side to 256, the middle 224 x 224 (or what the model's input says),
///   values from 0 to 1 less the mean, over the deviation, of ImageNet's pictures;
/// - `0-1`, `-1-1`, `0-255`: values in that range, the whole picture brought to the input's size;
/// - `resize=N` the shorter side, `resize=WxH` both; `crop=N` or `crop=WxH` from the middle;
/// - `scale`, `mean`, `std`: `(value · scale - mean) / std`, where value is from 0 to 255; mean and
///   std hold one number or one a colour, set apart by `:`;
/// - `layout=nchw|nhwc`, `order=rgb|bgr|grey`: as the input's shape says unless given.
public struct Preprocessing: Hashable, Sendable {
  /// What `resize` asks for.
  public enum Size: Hashable, Sendable {
    /// The shorter side; the other one follows.
    case shorter(Int)
    /// Both sides, whatever the picture's proportions.
    case exact(width: Int, height: Int)
  }

  /// How the axes of a batch lie.
  public enum Layout: String, CaseIterable, Sendable { case nchw, nhwc }
  /// What a pixel's values are.
  public enum Order: String, CaseIterable, Sendable { case rgb, bgr, grey }

  /// The size before the crop; nil for the crop's or the input's.
  public var resize: Size?
  /// The part in the middle that is taken, columns and rows; nil for the whole picture.
  public var crop: (width: Int, height: Int)? {
    get { cropping.map { ($0.width, $0.height) } }
    set { cropping = newValue.map { Extent(width: $0.width, height: $0.height) } }
  }
  /// What values from 0 to 255 are multiplied with.
  public var scale = 1.0
  /// What is taken away from scaled values: one number, or one a colour.
  public var mean: [Double] = [0]
  /// What the rest is divided by: one number, or one a colour.
  public var deviation: [Double] = [1]
  /// How the axes lie; nil for what the input's shape says.
  public var layout: Layout?
  /// What a pixel's values are; nil for red, green and blue, or grey where the input has one value.
  public var order: Order?

  private struct Extent: Hashable { let width, height: Int }
  private var cropping: Extent?
  /// Whether the preset crops to the input's size.
  private(set) var cropsToInput = false

  /// Names of presets, for messages.
  static let presets = ["imagenet", "0-1", "-1-1", "0-255"]
  private static let keys = ["resize", "crop", "scale", "mean", "std", "layout", "order"]

  /// Values as they are in the file, the whole picture brought to the input's size.
  public init() {}

  /// Reads the words of `--preprocess`.
  ///
  /// - Throws: `ModelError` naming a word that is not known or a value of another kind.
  public init(_ text: String) throws(ModelError) {
    for word in text.split(separator: ",") {
      let word = word.trimmingSpaces
      let parts = word.split(separator: "=", maxSplits: 1).map { String($0) }
      if parts.count == 2 {
        try set(parts[0], to: parts[1])
      } else if !use(preset: word) {
        throw Self.mismatch(
          "one of \(Self.presets.joined(separator: ", ")) or KEY=VALUE with one of "
            + Self.keys.joined(separator: ", "), word)
      }
    }
  }

  private mutating func use(preset: String) -> Bool {
    switch preset {
    case "imagenet":
      (scale, mean, deviation) = (1 / 255, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
      (resize, cropsToInput) = (.shorter(256), true)
    case "0-1": (scale, mean, deviation) = (1 / 255, [0], [1])
    case "-1-1": (scale, mean, deviation) = (1 / 127.5, [1], [1])
    case "0-255": (scale, mean, deviation) = (1, [0], [1])
    default: return false
    }
    return true
  }

  private mutating func set(_ key: String, to value: String) throws(ModelError) {
    switch key {
    case "resize":
      let sides = try Self.sides(key, value)
      resize = sides.count == 1 ? .shorter(sides[0]) : .exact(width: sides[0], height: sides[1])
    case "crop":
      let sides = try Self.sides(key, value)
      crop = (sides[0], sides[sides.count - 1])
    case "scale": scale = try Self.numbers(key, value, 1...1)[0]
    case "mean": mean = try Self.numbers(key, value, 1...4)
    case "std":
      deviation = try Self.numbers(key, value, 1...4)
      guard deviation.allSatisfy({ $0 != 0 }) else {
        throw Self.mismatch("'std' other than 0", value)
      }
    case "layout":
      guard let found = Layout(rawValue: value) else {
        throw Self.mismatch("'layout' as nchw or nhwc", value)
      }
      layout = found
    case "order":
      guard let found = Order(rawValue: value) else {
        throw Self.mismatch("'order' as rgb, bgr or grey", value)
      }
      order = found
    default: throw Self.mismatch("one of \(Self.keys.joined(separator: ", "))", key)
    }
  }

  private static func mismatch(_ expected: String, _ found: String) -> ModelError {
    ModelError(.request, "--preprocess: expected \(expected), found '\(found)'")
  }

  /// One side for both or `WIDTHxHEIGHT`.
  private static func sides(_ key: String, _ value: String) throws(ModelError) -> [Int] {
    let sides = value.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    let found = sides.compactMap { $0 }.filter { $0 > 0 && $0 <= Picture.longest }
    guard found.count == sides.count, 1...2 ~= found.count else {
      throw mismatch("'\(key)' as a number of pixels or WIDTHxHEIGHT", value)
    }
    return found
  }

  /// Numbers set apart by `:`; `1/255` stands for the quotient.
  private static func numbers(
    _ key: String, _ value: String, _ count: ClosedRange<Int>
  ) throws(ModelError) -> [Double] {
    let found = value.split(separator: ":").map { part -> Double? in
      let quotient = part.split(separator: "/").map { Double($0) }
      guard let first = quotient[0] else { return nil }
      return quotient.count == 2 ? quotient[1].map { first / $0 } : first
    }
    let numbers = found.compactMap { $0 }.filter(\.isFinite)
    guard numbers.count == found.count, count ~= numbers.count else {
      let wanted = count.upperBound == 1 ? "a number" : "numbers set apart by ':'"
      throw mismatch("'\(key)' as \(wanted)", value)
    }
    return numbers
  }
}

extension Substring {
  fileprivate var trimmingSpaces: String {
    String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }
}
