package import IR
private import Kernels

/// Takes every step-th element between two bounds along some axes
/// (https://onnx.ai/onnx/operators/onnx__Slice.html).
package struct Slice: Cutting {
  package static let schema = Schema(
    "Slice", opsets: 1...28,
    signature: """
      1: (T) -> T; <axes: ints, ends: ints!, starts: ints!>; T: all
      10: (T, Tind, Tind, Tind?, Tind?) -> T; <>; Tind: int32 int64
      13: T + bfloat16
      """)
  package static let traits = Traits(
    widensHalf: false, takesStrings: true, auxiliaryInputs: [1, 2, 3, 4])
  /// Bounds as attributes, before opset 10.
  private let attributes: (starts: [Int], ends: [Int], axes: [Int]?)?

  package var conditioning: Conditioning { .relative }

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    guard opset < 10 else {
      attributes = nil
      guard node.inputs.count >= 3 else {
        throw ModelError(
          .invalid, "\(node.label): expected 3 to 5 inputs, found \(node.inputs.count)")
      }
      return
    }
    guard let starts = try node.ints("starts"), let ends = try node.ints("ends") else {
      throw ModelError(
        .invalid, "\(node.label): expected attributes 'starts' and 'ends', found none")
    }
    attributes = (starts, ends, try node.ints("axes"))
  }

  /// Pairs bounds with axes.
  private func bounds<T>(
    _ starts: [T], _ ends: [T], _ axes: [Int]?, _ steps: [Int]?, rank: Int, label: String
  ) throws(ModelError) -> [(axis: Int, start: T, end: T, step: Int)] {
    let axes = try normalizedAxes(
      axes ?? Array(0..<min(starts.count, rank)), rank: rank, label: label)
    let steps = steps ?? Array(repeating: 1, count: axes.count)
    guard starts.count == axes.count, ends.count == axes.count, steps.count == axes.count else {
      throw ModelError(
        .invalid,
        "\(label): expected as many starts, ends and steps as axes, found \(starts.count), \(ends.count) and \(steps.count) for \(axes.count)"
      )
    }
    guard !steps.contains(0) else {
      throw ModelError(.invalid, "\(label): expected steps other than 0, found \(steps)")
    }
    return axes.indices.map { (axes[$0], starts[$0], ends[$0], steps[$0]) }
  }

  package func cuts(_ inputs: Inputs, _ outputs: [TensorType]) -> [[AxisRange]]? {
    guard let shape = inputs.shape(0), let bounds = try? bounds(inputs) else { return nil }
    var found: [AxisRange] = []
    for (axis, start, end, step) in bounds {
      guard step == 1, let length = shape[axis].value, let start = start.value, let end = end.value
      else { return nil }
      let range = SliceRange(start, end, 1, length: length)
      guard let first = range.indices.first else { return nil }
      if range.count < length {
        found.append(AxisRange(axis: axis, start: first, length: range.count))
      }
    }
    return [found.sorted { $0.axis < $1.axis }]
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    let type = inputs.type(0)
    guard let shape = type.shape else { return [Inferred(type.elementType, nil)] }
    guard let bounds = try bounds(inputs) else {
      return [Inferred(type.elementType, Shape(shape.dimensions.map { _ in Dimension.unknown }))]
    }
    var result = shape
    for (axis, start, end, step) in bounds {
      result[axis] = length(shape[axis], start, end, step)
    }
    var data: [Dimension]?
    if let all = inputs.data(0), shape.rank == 1, let bound = bounds.first {
      if let start = bound.start.value, let end = bound.end.value {
        let range = SliceRange(start, end, bound.step, length: all.count)
        data = range.indices.map { all[$0] }
      }
    }
    return [Inferred(type.elementType, result, data: data)]
  }

  /// The bounds as expressions; nil where axes or steps are not known, or starts or ends are wholly
  /// unknown.
  private func bounds(
    _ inputs: Inputs
  ) throws(ModelError) -> [(axis: Int, start: Dimension, end: Dimension, step: Int)]? {
    guard let rank = inputs.rank(0) else { return nil }
    if let attributes {
      return try bounds(
        attributes.starts.map { Dimension.known($0) }, attributes.ends.map { .known($0) },
        attributes.axes, nil, rank: rank, label: inputs.label)
    }
    let axes = inputs.knownIntegers(3)
    let steps = inputs.knownIntegers(4)
    if inputs.has(3) && axes == nil || inputs.has(4) && steps == nil { return nil }
    let count = axes?.count ?? inputs.shape(1)?.dimensions.first?.value ?? inputs.data(1)?.count
    guard let count, count >= 0, count <= rank else { return nil }
    let unknown = [Dimension](repeating: .unknown, count: count)
    return try bounds(
      inputs.data(1) ?? unknown, inputs.data(2) ?? unknown, axes, steps, rank: rank,
      label: inputs.label)
  }

  /// The length of a slice of an axis whose length or bounds may be expressions.
  private func length(
    _ dimension: Dimension, _ start: Dimension, _ end: Dimension, _ step: Int
  ) -> Dimension {
    if let length = dimension.value, let start = start.value, let end = end.value {
      return .known(SliceRange(start, end, step, length: length).count)
    }
    // Beyond any length that a tensor can have, a bound means the axis's own end.
    let beyond = Int(Int32.max)
    if step < 0 {
      guard step == -1, start.value == -1 || start.value ?? 0 >= beyond, let end = end.value,
        end <= -beyond || SliceRange.isOpen(end)
      else { return .unknown }
      return dimension
    }
    let to: Dimension
    switch end.value {
    case let end? where end >= beyond: to = dimension
    case let end? where end < 0: to = Dimension.maximum(.known(0), dimension + .known(end))
    case let end?: to = Dimension.minimum(.known(end), dimension)
    // An expression stands for a length, which is not negative.
    case nil: to = end == dimension ? dimension : Dimension.minimum(end, dimension)
    }
    guard let from = start.value else {
      // An expression that cannot be negative counts from the front.
      guard start.isNonNegative else { return .unknown }
      let span = to - start
      return (span.isNonNegative ? span : .maximum(.known(0), span))
        .ceilDivided(by: .known(step))
    }
    if from < 0 {
      // The last elements: x[-n:].
      guard to == dimension else { return .unknown }
      return Dimension.minimum(.known(-max(from, -beyond)), dimension)
        .ceilDivided(by: .known(step))
    }
    if from == 0 { return to.ceilDivided(by: .known(step)) }
    return Dimension.maximum(.known(0), to - .known(from)).ceilDivided(by: .known(step))
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let x = try context.input(0)
    var starts: [Int]
    var ends: [Int]
    var axes: [Int]?
    var steps: [Int]?
    if let attributes {
      (starts, ends, axes) = attributes
    } else {
      starts = try context.requiredIntegers(1)
      ends = try context.requiredIntegers(2)
      axes = try context.integers(3)
      steps = try context.integers(4)
    }
    let bounds = try bounds(starts, ends, axes, steps, rank: x.shape.count, label: context.label)
    var shape = x.shape
    var layout = strides(of: x.shape)
    var offset = 0
    for (axis, start, end, step) in bounds {
      let range = SliceRange(start, end, step, length: x.shape[axis])
      shape[axis] = range.count
      offset += range.start * layout[axis]
      layout[axis] *= range.step
    }
    try context.move(shape: shape, strides: layout, offset: offset)
  }

  package func isIdentity(_ inputs: Inputs, _ outputs: [TensorType]) -> Bool {
    guard let bounds = try? bounds(inputs), let shape = inputs.shape(0),
      bounds.allSatisfy({ $0.step > 0 || shape[$0.axis] == 1 })
    else { return false }
    return outputs.first?.shape == shape && !shape.dimensions.contains(.unknown)
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    if attributes == nil, inputs.has(3), inputs.knownIntegers(3) == nil {
      return .barrier("axes are not constant")
    }
    guard let bounds = try? bounds(inputs) else { return .barrier("bounds are not known") }
    let unknown = bounds.contains { $0.start.value == nil || $0.end.value == nil }
    guard unknown else { return .movement(inputs.shape(0), except: Set(bounds.map(\.axis))) }
    return .alongside(
      inputs.shape(0), frozen: Set(bounds.map(\.axis)),
      reason: "sliced at bounds that are not constant")
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm { .shared(inputs: [0]) }

  package func resize(_ cut: Cut) throws(ModelError) -> [NodeEdit] {
    guard let shape = cut.inputs.shape(0) else { return [] }
    let changed = cut.changedAxes(.input(0), rank: shape.rank)
    guard !changed.isEmpty, let bounds = try bounds(cut.inputs) else { return [] }
    var starts = bounds.map(\.start)
    var ends = bounds.map(\.end)
    var steps = bounds.map(\.step)
    var edited = false
    for (place, bound) in bounds.enumerated() {
      guard let kept = cut.kept(.input(0), bound.axis) else { continue }
      guard let length = shape[bound.axis].value, let start = bound.start.value,
        let end = bound.end.value
      else { throw cut.unsupported("bounds of a cut axis are not known") }
      let old = SliceRange(start, end, bound.step, length: length)
      let rank = ranks(of: kept)
      let new = old.indices.compactMap { rank[$0] }
      if SliceRange(start, end, bound.step, length: kept.count).indices == new { continue }
      guard let range = SliceRange.bounds(of: new, length: kept.count) else {
        throw cut.unsupported("what is left of axis \(bound.axis) is no slice with an even step")
      }
      starts[place] = .known(range.start)
      ends[place] = .known(range.end)
      steps[place] = range.step
      edited = true
    }
    guard edited else { return [] }
    let newStarts = starts.compactMap(\.value)
    let newEnds = ends.compactMap(\.value)
    guard newStarts.count == starts.count, newEnds.count == ends.count else {
      throw cut.unsupported("bounds of other axes are not constant")
    }
    if attributes != nil {
      guard steps.allSatisfy({ $0 == 1 }) else {
        throw cut.unsupported("what is left is no slice with step 1")
      }
      return [.attribute("starts", .ints(newStarts)), .attribute("ends", .ints(newEnds))]
    }
    var edits = [cut.integers(1, newStarts), cut.integers(2, newEnds)]
    if steps != bounds.map(\.step) {
      if !cut.inputs.has(3) {
        let axes = bounds.map(\.axis)
        edits.append(cut.integers(3, axes))
      }
      edits.append(cut.integers(4, steps))
    }
    return edits
  }
}

extension Slice {
  package var gradient: Gradient {
    .rule { [self] call throws(ModelError) in
      if call.builder.isPortable, let padded = try paddedBack(call) { return [padded] }
      return [try call.movedBack()]
    }
  }

  /// The cotangents between zeros; nil where bounds are not known or elements are left out between.
  private func paddedBack(_ call: GradientCall) throws(ModelError) -> Term? {
    guard call.builder.opset >= 11, let shape = call.facts.shape(0),
      let bounds = try bounds(call.facts)
    else { return nil }
    var before = [Int](repeating: 0, count: shape.rank), after = before
    for (axis, start, end, step) in bounds {
      guard step == 1, let start = start.value, let end = end.value else { return nil }
      if let length = shape[axis].value {
        let range = SliceRange(start, end, step, length: length)
        before[axis] = range.start
        after[axis] = length - range.start - range.count
      } else {
        guard start >= 0, end >= Int(Int32.max) else { return nil }
        before[axis] = start
      }
    }
    let g = try call.cotangent(0)
    return g.apply(Pad.self, [call.builder.integers(before + after)], as: call.facts.type(0))
  }
}

extension Slice {
  package static let revisions: [Revision] = [
    .operand("starts", becomes: 1, as: .list, from: 10),
    .operand("ends", becomes: 2, as: .list, from: 10),
    .operand("axes", becomes: 3, as: .list, from: 10),
    Revision(
      10,
      down: { edit throws(ModelError) in
        guard edit.input(4) != nil else { return }
        guard edit.constant(4)?.integers?.allSatisfy({ $0 == 1 }) ?? false else {
          throw edit.decline("steps came with operator set 10")
        }
        edit.setInput(4, nil)
      }),
  ]
}
