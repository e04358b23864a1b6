/// Where an output index lies in the input, along one axis
/// (`coordinate_transformation_mode` of https://onnx.ai/onnx/operators/onnx__Resize.html).
package enum CoordinateTransform: String, Sendable {
  case halfPixel = "half_pixel"
  case halfPixelSymmetric = "half_pixel_symmetric"
  case pytorchHalfPixel = "pytorch_half_pixel"
  case tfHalfPixel = "tf_half_pixel_for_nn"
  case alignCorners = "align_corners"
  case asymmetric = "asymmetric"
  case tfCropAndResize = "tf_crop_and_resize"
}

/// Which of two neighbours a coordinate takes (`nearest_mode`).
package enum NearestRounding: String, Sendable {
  case roundPreferFloor = "round_prefer_floor"
  case roundPreferCeil = "round_prefer_ceil"
  case floor, ceil
  /// What operator sets up to 10 meant: down when enlarging, up when reducing.
  case simple
}

/// One axis of a resize.
package struct ResampledAxis: Sendable {
  /// The length of the input.
  package let source: Int
  /// The length of the output.
  package let target: Int
  /// Output length over input length, as asked for.
  package let scale: Float
  package let transform: CoordinateTransform
  /// The part of the input to use, as fractions of its length, for `tfCropAndResize`.
  package let region: (start: Float, end: Float)

  package init(
    source: Int, target: Int, scale: Float, transform: CoordinateTransform,
    region: (start: Float, end: Float) = (0, 1)
  ) {
    self.source = source
    self.target = target
    self.scale = scale
    self.transform = transform
    self.region = region
  }

  /// The length of the output before it is cut to a whole number, which is what scales ask for.
  private var extent: Float {
    scale == Float(target) / Float(source) ? Float(target) : scale * Float(source)
  }

  /// The coordinate in the input of each output index.
  ///
  /// An axis with scale 1 stays as it is, as in ONNX Runtime, even where the formulas would shift
  /// it.
  package var coordinates: [Float] {
    let length = Float(source)
    if scale == 1 { return (0..<target).map { Float($0) } }
    return (0..<target).map { index in
      let x = Float(index)
      switch transform {
      case .halfPixel: return (x + 0.5) / scale - 0.5
      case .halfPixelSymmetric:
        let adjustment = Float(target) / (scale * length)
        let offset = length / 2 * (1 - adjustment)
        return offset + (x + 0.5) / scale - 0.5
      case .pytorchHalfPixel: return target > 1 ? (x + 0.5) / scale - 0.5 : 0
      case .tfHalfPixel: return (x + 0.5) / scale
      case .alignCorners: return extent == 1 ? 0 : x * (length - 1) / (extent - 1)
      case .asymmetric: return x / scale
      case .tfCropAndResize:
        let span = (region.end - region.start) * (length - 1)
        return target > 1
          ? region.start * (length - 1) + x * span / Float(target - 1)
          : 0.5 * (region.start + region.end) * (length - 1)
      }
    }
  }

  /// Whether every output index takes the input element of the same index.
  package var isIdentity: Bool {
    source == target && coordinates.enumerated().allSatisfy { Float($0) == $1 }
  }

  /// Output indices that lie outside the input, where cropping gives the extrapolation value.
  package var outside: [Int] {
    guard transform == .tfCropAndResize else { return [] }
    return coordinates.enumerated().filter { $1 < 0 || $1 > Float(source - 1) }.map(\.offset)
  }

  /// The input index of each output index, -1 outside a crop.
  package func nearest(_ rounding: NearestRounding) -> [Int] {
    var table = coordinates.map { x -> Int in
      let place: Float =
        switch rounding {
        case .roundPreferFloor: (x - 0.5).rounded(.up)
        case .roundPreferCeil: x.rounded(.toNearestOrAwayFromZero)
        case .floor: x.rounded(.down)
        case .ceil: x.rounded(.up)
        case .simple: x.rounded(scale < 1 ? .up : .down)
        }
      return clamped(place)
    }
    for index in outside { table[index] = -1 }
    return table
  }

  /// Input indices and weights of linear interpolation.
  package func linear() -> Taps {
    let last = Float(source - 1)
    var taps = Taps(width: 2, count: target)
    for (index, coordinate) in coordinates.enumerated() {
      let x = min(max(coordinate.isNaN ? 0 : coordinate, 0), last)
      let low = x.rounded(.down)
      taps.set(index, 0, clamped(low), 1 - (x - low))
      taps.set(index, 1, clamped(low + 1), x - low)
    }
    return taps
  }

  /// Input indices and weights of cubic convolution with coefficient `a`; where `excludeOutside`,
  /// neighbours beyond the edge weigh nothing and the others make up for it.
  package func cubic(_ a: Float, excludeOutside: Bool) -> Taps {
    var taps = Taps(width: 4, count: target)
    for (index, coordinate) in coordinates.enumerated() {
      let x = coordinate.isFinite ? coordinate : 0
      let low = x.rounded(.down)
      let s = x - low
      let r = 1 - s
      var weights = [
        ((a * (s + 1) - 5 * a) * (s + 1) + 8 * a) * (s + 1) - 4 * a,
        ((a + 2) * s - (a + 3)) * s * s + 1,
        ((a + 2) * r - (a + 3)) * r * r + 1,
        ((a * (r + 1) - 5 * a) * (r + 1) + 8 * a) * (r + 1) - 4 * a,
      ]
      if excludeOutside {
        for tap in 0..<4 where low + Float(tap - 1) < 0 || low + Float(tap - 1) > Float(source - 1)
        {
          weights[tap] = 0
        }
        let sum = weights[0] + weights[1] + weights[2] + weights[3]
        for tap in 0..<4 where sum != 0 { weights[tap] /= sum }
      }
      for tap in 0..<4 { taps.set(index, tap, clamped(low + Float(tap - 1)), weights[tap]) }
    }
    return taps
  }

  /// Input indices and weights of linear (`reach` 1) or cubic (`reach` 2) interpolation that, where
  /// it reduces, is stretched so that every input element counts.
  package func antialiased(reach: Int, _ a: Float, excludeOutside: Bool) -> Taps {
    let stretch = min(Double(scale), 1)
    let first = 1 - Int(min((Double(reach) / stretch).rounded(.up), 2 * Double(source) + 2))
    var taps = Taps(width: 2 - 2 * first, count: target)
    for (index, coordinate) in coordinates.enumerated() {
      let x = coordinate.isFinite ? Double(coordinate) : 0
      let low = x.rounded(.up) - 1
      var weights = (0..<taps.width).map { tap in
        Self.weight(abs(Double(first + tap) - (x - low)) * stretch, reach, Double(a))
      }
      let places = (0..<taps.width).map { low + Double(first + $0) }
      if excludeOutside {
        for tap in weights.indices where places[tap] < 0 || places[tap] > Double(source - 1) {
          weights[tap] = 0
        }
      }
      let sum = weights.reduce(0, +)
      for tap in weights.indices {
        taps.set(
          index, tap, clamped(Float(places[tap])), Float(sum == 0 ? 0 : weights[tap] / sum))
      }
    }
    return taps
  }

  /// The weight of an element at a distance.
  private static func weight(_ x: Double, _ reach: Int, _ a: Double) -> Double {
    if reach == 1 { return max(0, 1 - x) }
    if x <= 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
    return x < 2 ? ((x - 5) * x + 8) * x * a - 4 * a : 0
  }

  /// An index of the input, whatever the coordinate.
  private func clamped(_ place: Float) -> Int {
    guard place > 0 else { return 0 }
    return place >= Float(source - 1) ? source - 1 : Int(place)
  }
}

/// For each output index of an axis, the input indices it combines and their weights.
package struct Taps: Sendable {
  /// Input indices an output index combines.
  package let width: Int
  /// The length of the output.
  package let count: Int
  package private(set) var indices: [Int]
  package private(set) var weights: [Float]

  /// Every output index takes one input index, or nothing where that is below 0.
  package init(nearest table: [Int]) {
    width = 1
    count = table.count
    indices = table.map { max($0, 0) }
    weights = table.map { $0 < 0 ? 0 : 1 }
  }

  /// The same with nothing combined for some output indices.
  package func clearing(_ outside: [Int]) -> Taps {
    var taps = self
    for index in outside {
      for tap in index * width..<(index + 1) * width { taps.weights[tap] = 0 }
    }
    return taps
  }

  init(width: Int, count: Int) {
    self.width = width
    self.count = count
    indices = [Int](repeating: 0, count: width * count)
    weights = [Float](repeating: 0, count: width * count)
  }

  fileprivate mutating func set(_ index: Int, _ tap: Int, _ place: Int, _ weight: Float) {
    indices[index * width + tap] = place
    weights[index * width + tap] = weight
  }
}
