import IR
import Kernels

/// What Resize and Upsample share: how elements between those of the input are found.
struct Resizing: Sendable {
  /// How an output element comes from its neighbours in the input.
  enum Mode: String { case nearest, linear, cubic }

  var mode: Mode
  var transform = CoordinateTransform.asymmetric
  var rounding = NearestRounding.simple
  var cubicCoefficient: Float = -0.75
  var excludesOutside = false
  var extrapolation: Float = 0
  /// Whether elements that fall between those of a smaller output count too.
  var antialiases = false

  init(mode name: String, _ node: NodeView) throws(ModelError) {
    guard let mode = Mode(rawValue: name) else {
      throw node.mismatch("mode", expected: "nearest, linear or cubic", found: name)
    }
    self.mode = mode
  }

  /// Writes output 0 with input 0 resized along every axis.
  func evaluate(_ context: Evaluation, _ axes: [ResampledAxis]) throws(ModelError) {
    let x = try context.input(0)
    let shape = axes.map(\.target)
    _ = try context.elementCount(shape)
    for axis in axes where axis.source == 0 && axis.target > 0 {
      throw context.mismatch(0, expected: "elements to interpolate", found: "shape \(x.shape)")
    }
    // What keeps its shape keeps its elements, as in ONNX Runtime, whatever the scales.
    if shape == x.shape, transform != .tfCropAndResize { return try context.copy(as: shape) }
    if mode == .nearest { return try nearest(context, axes, shape) }
    let y = try context.output(0, x.elementType, shape)
    guard y.count > 0 else { return }
    let taps = axes.map { $0.isIdentity ? nil : self.taps($0) }
    guard
      interpolate(
        try context.source(0), taps: taps, outside: axes.map(\.outside), value: extrapolation,
        into: y)
    else { throw context.unsupportedTypes([0]) }
  }

  /// What each index of the result combines along the axes, or takes; nil for axes that stay.
  func combinations(_ axes: [ResampledAxis], of shape: [Int]) -> [Taps?] {
    if axes.map(\.target) == shape, transform != .tfCropAndResize { return axes.map { _ in nil } }
    return axes.map { axis in
      guard !axis.isIdentity else { return nil }
      return mode == .nearest
        ? Taps(nearest: axis.nearest(rounding)) : taps(axis).clearing(axis.outside)
    }
  }

  private func taps(_ axis: ResampledAxis) -> Taps {
    if antialiases {
      return axis.antialiased(
        reach: mode == .linear ? 1 : 2, cubicCoefficient, excludeOutside: excludesOutside)
    }
    return mode == .linear
      ? axis.linear() : axis.cubic(cubicCoefficient, excludeOutside: excludesOutside)
  }

  private func nearest(
    _ context: Evaluation, _ axes: [ResampledAxis], _ shape: [Int]
  ) throws(ModelError) {
    let x = try context.input(0)
    let width = try context.elementWidth()
    let y = try context.bytes(x.elementType, shape)
    guard let from = x.bytes.baseAddress, let to = y.baseAddress, y.count > 0 else { return }
    let tables = axes.map { $0.isIdentity ? nil : $0.nearest(rounding) }
    var fill = [UInt8](repeating: 0, count: width)
    if extrapolation != 0, let scalar = Scalar(x.elementType) {
      withUnsafeBytes(of: extrapolation) { value in
        fill.withUnsafeMutableBytes {
          _ = convert(Source(.float, [], value), into: Target(scalar, [], $0))
        }
      }
    }
    fill.withUnsafeBytes {
      remap(shape: x.shape, width: width, tables: tables, from: from, to: to, fill: $0.baseAddress)
    }
  }

  /// The length that a scale gives an axis; nil when it is no length.
  static func scaled(_ length: Int, _ scale: Float) -> Int? {
    let result = (Float(length) * scale).rounded(.down)
    guard scale > 0, result < Float(1 << 40) else { return nil }
    return Int(result)
  }

  /// The same for an axis whose length may be an expression: exact for scales that are whole
  /// numbers or small binary fractions, else unknown.
  static func scaled(_ length: Dimension, _ scale: Float) -> Dimension {
    if let length = length.value { return scaled(length, scale).map { .known($0) } ?? .unknown }
    guard scale > 0, scale < 4096 else { return .unknown }
    return (length * Dimension(fraction: Double(scale))).floorDivided(by: .known(1))
  }

  /// Elements of axes that keep their length go along; the others are mixed.
  func channels(_ shape: Shape?, resized: Set<Int>) -> ChannelRule {
    .alongside(shape, frozen: resized, reason: "resized")
  }

  /// How the operator takes part in INT8: it selects elements or blends them.
  var quantization: QuantizationForm {
    mode == .nearest ? .shared(inputs: [0]) : .free(inputs: [0], manner: mode.rawValue)
  }
}

extension Evaluation {
  /// The numbers of a floating-point input; nil when it is left out or empty, which means the same.
  func scales(_ index: Int) throws(ModelError) -> [Float]? {
    guard let view = optional(index), view.count > 0 else { return nil }
    switch view.elementType {
    case .float: return Array(view.elements(Float.self))
    case .double: return view.elements(Double.self).map { Float($0) }
    case .float16: return view.elements(UInt16.self).map { Float(Float16(bitPattern: $0)) }
    default: throw mismatch(index, expected: "fractions", found: "\(view.elementType)")
    }
  }
}

/// What resizes: Resize, and Upsample as it was called before.
protocol Resampler: Operator {
  /// How, and what becomes of each axis.
  func plan(_ context: Evaluation) throws(ModelError) -> (Resizing, [ResampledAxis])
}

extension Resampler {
  func resample(_ context: Evaluation) throws(ModelError) {
    let (resizing, plan) = try plan(context)
    try resizing.evaluate(context, plan)
  }

  /// Every element of the result is a sum of some of the operand, with weights that do not depend on
  /// it.
  var resampledBack: Gradient {
    .rule { call throws(ModelError) in
      let x = try call.input(0)
      let operands =
        [try call.cotangent(0)]
        + (0..<call.node.inputs.count).map { index in
          call.node.inputs[index].map { Term(call.builder, $0, call.facts.type(index)) }
        }
      return [call.builder.inner(Inner.resampled, operands, of: call.node).typed(as: x.type)]
    }
  }
}
