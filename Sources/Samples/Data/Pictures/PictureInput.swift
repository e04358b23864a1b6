internal import IR
internal import Pictures

/// How pictures fill a graph's input: the preprocessing that was asked for, with what the input's
/// type says of the rest.
struct PictureInput {
  /// The name of the input.
  let name: String
  /// Axes of one sample: colours and sides, in the layout's order.
  let dimensions: [Int]
  private let elementType: ElementType
  private let preprocessing: Preprocessing
  private let layout: Preprocessing.Layout
  private let order: Preprocessing.Order
  private let width: Int
  private let height: Int
  private let resize: Preprocessing.Size?

  /// - Parameters:
  ///   - type: the input's type, `[N, C, H, W]` or `[N, H, W, C]` with 1 or 3 colours.
  /// - Throws: `ModelError` where the input is no batch of pictures, or its size is open and the
  ///   preprocessing states none.
  init(
    _ name: String, _ type: TensorType?, _ preprocessing: Preprocessing
  ) throws(ModelError) {
    guard let type, let shape = type.shape, shape.rank == 4 else {
      throw ModelError(
        .request,
        "input '\(name)': expected a batch of pictures, [N,C,H,W] or [N,H,W,C], found \(type.map { "\($0)" } ?? "no type")"
      )
    }
    let found = shape.dimensions.map(\.value)
    func isColours(_ axis: Int) -> Bool { found[axis] == 3 || found[axis] == 1 }
    let layout =
      preprocessing.layout ?? (!isColours(1) && isColours(3) ? .nhwc : .nchw)
    let colours = found[layout == .nchw ? 1 : 3] ?? 3
    let grey = preprocessing.order.map { $0 == .grey } ?? (colours == 1)
    guard colours == (grey ? 1 : 3) else {
      throw ModelError(
        .request,
        "input '\(name)': expected \(grey ? "1 value" : "3 values") a pixel for \(layout.rawValue), found \(type)",
        hint: "--preprocess layout=… and order=… say how pixels lie")
    }
    switch type.elementType {
    case .float, .double, .float16, .uint8, .int8: break
    default:
      throw ModelError(
        .unsupported, "input '\(name)': expected numbers for pixels, found \(type.elementType)")
    }
    let target = try Self.size(name, type, preprocessing, layout)
    self.name = name
    self.preprocessing = preprocessing
    self.layout = layout
    self.order = grey ? .grey : preprocessing.order ?? .rgb
    (width, height) = target
    // Without a crop the whole picture is brought to the size.
    let crops = preprocessing.crop != nil || preprocessing.cropsToInput
    resize = crops ? preprocessing.resize : .exact(width: target.width, height: target.height)
    elementType = type.elementType
    let count = grey ? 1 : 3
    dimensions = layout == .nchw ? [count, height, width] : [height, width, count]
    for (word, numbers) in [("mean", preprocessing.mean), ("std", preprocessing.deviation)] {
      guard numbers.count == 1 || numbers.count == count else {
        throw ModelError(
          .request,
          "--preprocess: expected 1 or \(count) numbers in '\(word)', found \(numbers.count)")
      }
    }
  }

  /// Columns and rows of the pictures: the crop, the input's own, or what the preprocessing says.
  private static func size(
    _ name: String, _ type: TensorType, _ preprocessing: Preprocessing,
    _ layout: Preprocessing.Layout
  ) throws(ModelError) -> (width: Int, height: Int) {
    let found = type.shape?.dimensions.map(\.value) ?? []
    let sides = layout == .nchw ? (found[2], found[3]) : (found[1], found[2])
    var target: (width: Int, height: Int)?
    if let crop = preprocessing.crop { target = crop }
    if let height = sides.0, let width = sides.1 { target = target ?? (width, height) }
    if target == nil, case .exact(let width, let height)? = preprocessing.resize {
      target = (width, height)
    }
    if target == nil, preprocessing.cropsToInput { target = (224, 224) }
    guard let target, target.width > 0, target.height > 0 else {
      throw ModelError(
        .request, "input '\(name)': expected a size for its pictures, found \(type)",
        hint: "--preprocess resize=WIDTHxHEIGHT states one")
    }
    for (side, wanted) in [(sides.0, target.height), (sides.1, target.width)] {
      guard side == nil || side == wanted else {
        throw ModelError(
          .request,
          "--preprocess: expected pictures of \(type) for input '\(name)', found \(target.width) x \(target.height)"
        )
      }
    }
    return target
  }

  /// The samples for some pictures.
  func tensor(_ pictures: [Picture]) throws(ModelError) -> Tensor {
    var values: [Float] = []
    values.reserveCapacity(pictures.count * width * height * dimensions.reduce(1, *))
    for picture in pictures { append(try fitted(picture), to: &values) }
    let floats = Tensor(floats: values, [pictures.count] + dimensions)
    guard let tensor = floats.converted(to: elementType) else {
      throw ModelError(
        .request,
        "--preprocess: expected whole numbers that \(elementType) holds for input '\(name)', found others",
        hint: "0-255 leaves pixels as they are")
    }
    return tensor
  }

  /// The picture in the input's size.
  private func fitted(_ picture: Picture) throws(ModelError) -> Picture {
    var picture = picture
    switch resize {
    case .exact(let width, let height)?:
      picture = try picture.resized(width: width, height: height)
    case .shorter(let side)?:
      // The longer side is cut off to whole pixels, as torchvision does.
      let (w, h) = (picture.width, picture.height)
      picture = try picture.resized(
        width: w <= h ? side : Int(Double(side) * Double(w) / Double(h)),
        height: h <= w ? side : Int(Double(side) * Double(h) / Double(w)))
    case nil: break
    }
    return try picture.centerCropped(width: width, height: height)
  }

  private func append(_ picture: Picture, to values: inout [Float]) {
    let colours = order == .grey ? 1 : 3
    let source = order == .grey ? picture.grey : picture.pixels
    // What each value becomes, by colour as the model orders them.
    let tables = (0..<colours).map { colour in
      let mean = preprocessing.mean[preprocessing.mean.count == 1 ? 0 : colour]
      let deviation = preprocessing.deviation[preprocessing.deviation.count == 1 ? 0 : colour]
      return (0..<256).map { Float((Double($0) * preprocessing.scale - mean) / deviation) }
    }
    func place(_ colour: Int) -> Int { order == .bgr ? 2 - colour : colour }
    let count = width * height
    switch layout {
    case .nchw:
      for colour in 0..<colours {
        let (table, offset) = (tables[colour], place(colour))
        for pixel in 0..<count { values.append(table[Int(source[pixel * colours + offset])]) }
      }
    case .nhwc:
      for pixel in 0..<count {
        for colour in 0..<colours {
          values.append(tables[colour][Int(source[pixel * colours + place(colour)])])
        }
      }
    }
  }
}

extension Picture {
  /// Brightness, one value a pixel: 0.299 red, 0.587 green and 0.114 blue (ITU-R BT.601) in 16-bit
  /// fixed point, as Pillow's `convert("L")` has it.
  fileprivate var grey: [UInt8] {
    (0..<width * height).map { pixel in
      let red = Int(pixels[3 * pixel]), green = Int(pixels[3 * pixel + 1])
      let blue = Int(pixels[3 * pixel + 2])
      return UInt8((19_595 * red + 38_470 * green + 7_471 * blue + 32_768) >> 16)
    }
  }
}
