package import IR
import Kernels

/// Enlarges or reduces a tensor along its axes
/// (https://onnx.ai/onnx/operators/onnx__Resize.html).
package struct Resize: Resampler {
  package static let schema = Schema(
    "Resize", opsets: 10...28,
    signature: """
      10: (T, float) -> T; <mode: string = nearest>; T: all
      11: (T1, T2, float, int64?) -> T1; <coordinate_transformation_mode: string = half_pixel,
        cubic_coeff_a: float = -0.75, exclude_outside: int = 0, extrapolation_value: float = 0,
        mode: string = nearest, nearest_mode: string = round_prefer_floor>; T1: all; T2: floats
      13: (T1, T2?, float?, int64?) -> T1; T1 + bfloat16
      18: <antialias: int = 0, axes: ints, coordinate_transformation_mode: string = half_pixel,
        cubic_coeff_a: float = -0.75, exclude_outside: int = 0, extrapolation_value: float = 0,
        keep_aspect_ratio_policy: string = stretch, mode: string = nearest,
        nearest_mode: string = round_prefer_floor>
      """)
  package static let traits = Traits(auxiliaryInputs: [1, 2, 3])

  /// What to do when the sizes asked for would distort the axes' proportions.
  private enum Proportions: String {
    case stretch
    case notLarger = "not_larger"
    case notSmaller = "not_smaller"
  }

  private var resizing: Resizing
  private let axes: [Int]?
  private let proportions: Proportions
  /// Positions of the inputs, which opset 11 changed.
  private let roi: Int?
  private let scales: Int
  private let sizes: Int?

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    resizing = try Resizing(mode: node.string("mode", default: "nearest"), node)
    let old = opset < 11
    (roi, scales, sizes) = old ? (nil, 1, nil) : (1, 2, 3)
    axes = opset >= 18 ? try node.ints("axes") : nil
    let policy =
      opset >= 18 ? try node.string("keep_aspect_ratio_policy", default: "stretch") : "stretch"
    guard let proportions = Proportions(rawValue: policy) else {
      throw node.mismatch(
        "keep_aspect_ratio_policy", expected: "stretch, not_larger or not_smaller", found: policy)
    }
    self.proportions = proportions
    if old { return }
    resizing.antialiases = opset >= 18 ? try node.flag("antialias") : false
    let transform = try node.string("coordinate_transformation_mode", default: "half_pixel")
    guard let known = CoordinateTransform(rawValue: transform) else {
      throw node.mismatch(
        "coordinate_transformation_mode", expected: "a mode of Resize", found: transform)
    }
    let rounding = try node.string("nearest_mode", default: "round_prefer_floor")
    guard let kind = NearestRounding(rawValue: rounding), kind != .simple else {
      throw node.mismatch("nearest_mode", expected: "a mode of Resize", found: rounding)
    }
    resizing.transform = known
    resizing.rounding = kind
    resizing.cubicCoefficient = try node.float("cubic_coeff_a", default: -0.75)
    resizing.excludesOutside = try node.flag("exclude_outside")
    resizing.extrapolation = try node.float("extrapolation_value", default: 0)
  }

  /// The axes that scales and sizes are about.
  private func axes(rank: Int, label: String) throws(ModelError) -> [Int] {
    guard let axes else { return Array(0..<rank) }
    return try normalizedAxes(axes, rank: rank, label: label)
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    let type = inputs.type(0)
    guard let shape = type.shape else { return [Inferred(type.elementType, nil)] }
    let axes = try axes(rank: shape.rank, label: inputs.label)
    var result = shape
    if let scales = constantScales(inputs) {
      try check(scales.count, axes, inputs, scales: true)
      for (place, axis) in axes.enumerated() {
        result[axis] = Resizing.scaled(shape[axis], scales[place])
      }
    } else if let sizes = sizes.flatMap({ inputs.data($0) }), !sizes.isEmpty {
      try check(sizes.count, axes, inputs, scales: false)
      let known = sizes.compactMap(\.value)
      let lengths = axes.compactMap { shape[$0].value }
      for (place, axis) in axes.enumerated() { result[axis] = sizes[place] }
      if proportions != .stretch {
        let complete = known.count == sizes.count && lengths.count == axes.count
        let kept = complete ? inProportion(known, lengths) : nil
        for (place, axis) in axes.enumerated() {
          result[axis] = kept.map { .known($0.sizes[place]) } ?? .unknown
        }
      }
    } else if let scales = inputs.data(scales), scales.count == axes.count {
      for (place, axis) in axes.enumerated() {
        result[axis] = (shape[axis] * scales[place]).floorDivided(by: .known(1))
      }
    } else {
      for axis in axes { result[axis] = .unknown }
    }
    return [Inferred(type.elementType, result)]
  }

  private func constantScales(_ inputs: Inputs) -> [Float]? {
    guard let values = inputs[scales]?.constant?.floats, !values.isEmpty else { return nil }
    return values
  }

  private func check(
    _ count: Int, _ axes: [Int], _ inputs: Inputs, scales: Bool
  ) throws(ModelError) {
    guard count == axes.count else {
      throw inputs.mismatch(
        scales ? self.scales : sizes ?? 3, expected: "\(axes.count) numbers", found: "\(count)")
    }
  }

  /// Sizes with one scale for all axes, none above (or below) what was asked for.
  private func inProportion(_ sizes: [Int], _ lengths: [Int]) -> (sizes: [Int], scale: Float)? {
    let scales = zip(sizes, lengths).map { Float($0) / Float($1) }
    guard let scale = proportions == .notLarger ? scales.min() : scales.max(), scale.isFinite else {
      return nil
    }
    let rounded = lengths.map { (Float($0) * scale + 0.5).rounded(.down) }
    guard rounded.allSatisfy({ $0 >= 0 && $0 < Float(1 << 40) }) else { return nil }
    return (rounded.map { Int($0) }, scale)
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) { try resample(context) }

  func plan(_ context: Evaluation) throws(ModelError) -> (Resizing, [ResampledAxis]) {
    let shape = try context.input(0).shape
    let axes = try axes(rank: shape.count, label: context.label)
    let scales = try context.scales(scales)
    let sizes = try sizes.flatMap { index throws(ModelError) in try context.integers(index) } ?? []
    let regions = try roi.flatMap { index throws(ModelError) in try context.scales(index) }
    guard (scales?.count ?? sizes.count) == axes.count, scales == nil || sizes.isEmpty else {
      throw ModelError(
        .invalid,
        "\(context.label): expected \(axes.count) scales or sizes, found \(scales?.count ?? 0) and \(sizes.count)"
      )
    }
    let lengths = axes.map { shape[$0] }
    let even = proportions == .stretch || scales != nil ? nil : inProportion(sizes, lengths)
    var plan = shape.map {
      ResampledAxis(source: $0, target: $0, scale: 1, transform: .asymmetric)
    }
    for (place, axis) in axes.enumerated() {
      let length = shape[axis]
      let target =
        scales.map { Resizing.scaled(length, $0[place]) } ?? (even?.sizes ?? sizes)[place]
      guard let target, target >= 0 else {
        throw ModelError(
          .invalid,
          "\(context.label): expected scales and sizes above 0, found \(scales ?? []) and \(sizes)")
      }
      let ends = regions.flatMap { regions in
        regions.count == 2 * axes.count ? (regions[place], regions[place + axes.count]) : nil
      }
      plan[axis] = ResampledAxis(
        source: length, target: target,
        scale: scales?[place] ?? even?.scale ?? Float(target) / Float(length),
        transform: resizing.transform, region: ends ?? (0, 1))
    }
    return (resizing, plan)
  }

  /// The axes that change; nil when that is not known.
  private func resized(_ inputs: Inputs, _ outputs: [TensorType]) -> Set<Int>? {
    guard let from = inputs.shape(0), let to = outputs.first?.shape, from.rank == to.rank,
      let axes = try? axes(rank: from.rank, label: inputs.label)
    else { return nil }
    if resizing.transform == .tfCropAndResize { return Set(axes) }
    if let scales = constantScales(inputs) {
      return Set(zip(axes, scales).filter { $1 != 1 }.map { $0.0 })
    }
    return Set(axes.filter { from[$0] != to[$0] || from[$0] == .unknown })
  }

  package func isIdentity(_ inputs: Inputs, _ outputs: [TensorType]) -> Bool {
    resized(inputs, outputs)?.isEmpty ?? false
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    guard let resized = resized(inputs, outputs) else { return .barrier("sizes are not known") }
    return resizing.channels(inputs.shape(0), resized: resized)
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm { resizing.quantization }

  package func resize(_ cut: Cut) throws(ModelError) -> [NodeEdit] {
    guard let sizes, constantScales(cut.inputs) == nil, let shape = cut.newShape(.output(0)) else {
      return []
    }
    let axes = try axes(rank: shape.rank, label: cut.label)
    let changed = cut.changedAxes(.output(0), rank: shape.rank)
    guard changed.contains(where: { axes.contains($0) }) else { return [] }
    guard proportions == .stretch else {
      throw cut.unsupported("lengths of different axes follow from each other")
    }
    guard let old = cut.inputs.knownIntegers(sizes), old.count == axes.count else {
      // The sizes are computed: those of channels are written over.
      var lengths: [Int: Int] = [:]
      for (place, axis) in axes.enumerated() where changed.contains(axis) {
        lengths[place] = shape[axis].value
      }
      return [.lengths(.input(sizes), lengths)]
    }
    var new = old
    for (place, axis) in axes.enumerated() where changed.contains(axis) {
      new[place] = shape[axis].value ?? old[place]
    }
    return [cut.integers(sizes, new)]
  }
}

extension Resize {
  package var gradient: Gradient { resampledBack }
}

extension Resize {
  package static let revisions: [Revision] = [
    .renamed(10, from: Upsample.schema.op.type, to: schema.op.type),
    // Coordinates and rounding could be chosen, and sizes and a region given.
    Revision(
      11, up: { edit throws(ModelError) in try edit.sayCoordinates() },
      down: { edit throws(ModelError) in try edit.forgetCoordinates() }),
    // Operands without elements could be left out.
    Revision(
      13,
      up: { edit throws(ModelError) in
        let old = AttributeValue.string(Array(CoordinateTransform.tfHalfPixel.rawValue.utf8))
        guard !(edit.attribute("coordinate_transformation_mode")?.says(old) ?? false) else {
          throw edit.decline("tf_half_pixel_for_nn ended with operator set 13")
        }
        for slot in [1, 2] where edit.constant(slot)?.count == 0 { edit.setInput(slot, nil) }
      },
      down: { edit in
        for (slot, name) in [(1, "roi"), (2, "scales")] where edit.input(slot) == nil {
          edit.setInput(slot, edit.addConstant(Tensor(floats: [], [0]), name))
        }
      }),
    .additive(18),
    .values(
      of: "coordinate_transformation_mode", before: 19,
      ["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_crop_and_resize"]),
  ]
}

extension Resize {
  fileprivate static let transform = "coordinate_transformation_mode"
  static let rounding = "nearest_mode"
}

extension VersionEdit {

  private func says(_ name: String, _ word: String) -> Bool {
    attribute(name)?.says(.string(Array(word.utf8))) ?? false
  }

  /// How a nearest element was chosen before opset 11 (`NearestRounding.simple`), in later words: down
  /// when enlarging, up when reducing.
  private func simpleRounding(_ scales: [Float]?) throws(ModelError) -> NearestRounding {
    guard let scales else { throw decline("its scales are not constant") }
    let changing = scales.filter { $0 != 1 }
    guard changing.allSatisfy({ $0 > 1 }) || changing.allSatisfy({ $0 < 1 }) else {
      throw decline("it enlarges one axis and reduces another, each with a rounding of its own")
    }
    return changing.contains { $0 < 1 } ? .ceil : .floor
  }

  /// Says what was meant by scales alone.
  fileprivate mutating func sayCoordinates() throws(ModelError) {
    if attribute(Resize.rounding) == nil, attribute("mode") == nil || says("mode", "nearest") {
      let rounding = try simpleRounding(constant(1)?.floats)
      set(Resize.rounding, .string(Array(rounding.rawValue.utf8)))
    }
    set(Resize.transform, .string(Array(CoordinateTransform.asymmetric.rawValue.utf8)))
    let scales = input(1)
    setInput(1, addConstant(Tensor(floats: [], [0]), "roi"))
    setInput(2, scales)
  }

  /// Leaves the scales alone, where they mean the same.
  fileprivate mutating func forgetCoordinates() throws(ModelError) {
    let isNearest = attribute("mode") == nil || says("mode", "nearest")
    guard says(Resize.transform, CoordinateTransform.asymmetric.rawValue),
      isNearest || says("mode", "linear"), input(3) == nil, let scales = constant(2)?.floats,
      !scales.isEmpty, try int("exclude_outside", default: 0) == 0
    else { throw decline("coordinates can be chosen since operator set 11 only") }
    if isNearest {
      let rounding = try simpleRounding(scales)
      guard says(Resize.rounding, rounding.rawValue) else {
        throw decline("\(Resize.rounding) came with operator set 11")
      }
    }
    for name in [
      Resize.transform, Resize.rounding, "cubic_coeff_a", "exclude_outside", "extrapolation_value",
    ] { set(name, nil) }
    let kept = input(2)
    setInput(2, nil)
    setInput(1, kept)
  }
}
