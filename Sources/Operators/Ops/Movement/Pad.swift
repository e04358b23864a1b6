package import IR
private import Kernels

/// Adds elements around a tensor, or with negative widths takes some away
/// (https://onnx.ai/onnx/operators/onnx__Pad.html).
package struct Pad: Operator {
  package static let schema = Schema(
    "Pad", opsets: 2...28,
    signature: """
      2: (T) -> T; <mode: string = constant, pads: ints!, value: float = 0>; T: floats
      11: (T, int64, T?) -> T; <mode: string = constant>; T + integers
      13: T + string bool complex64 complex128 bfloat16
      18: (T, int64, T?, Tind?) -> T; Tind: int32 int64
      21: T + float8 int4s
      23: T + float4e2m1
      24: T + float8e8m0
      25: T + int2s
      """)
  package static let traits = Traits(takesStrings: true, auxiliaryInputs: [1, 2, 3])

  /// What the added elements are.
  enum Mode: String {
    case constant, reflect, edge, wrap
  }

  let mode: Mode
  /// Widths and value as attributes, before opset 11.
  private let attributes: (pads: [Int], value: Float)?

  package var conditioning: Conditioning { .relative }

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    let name = try node.string("mode", default: "constant")
    guard let mode = Mode(rawValue: name), mode != .wrap || opset >= 19 else {
      throw node.mismatch(
        "mode", expected: "constant, reflect, edge" + (opset >= 19 ? " or wrap" : ""), found: name)
    }
    self.mode = mode
    guard opset < 11 else {
      attributes = nil
      guard node.inputs.count >= 2 else {
        throw ModelError(.invalid, "\(node.label): expected 2 to 4 inputs, found 1")
      }
      return
    }
    guard let pads = try node.ints("pads") else {
      throw node.mismatch("pads", expected: "a list of integers", found: "no such attribute")
    }
    attributes = (pads, try node.float("value", default: 0))
  }

  /// The elements added before and after each axis, as expressions; nil where not known.
  private func widths(
    _ inputs: Inputs
  ) throws(ModelError) -> [(before: Dimension, after: Dimension)]? {
    guard let rank = inputs.rank(0) else { return nil }
    if inputs.has(3), inputs.knownIntegers(3) == nil { return nil }
    guard let pads = attributes.map({ $0.pads.map { Dimension.known($0) } }) ?? inputs.data(1)
    else {
      return nil
    }
    return try spread(pads, inputs.knownIntegers(3), zero: .known(0), rank, inputs.label)
  }

  /// Assigns widths to axes.
  private func spread<T>(
    _ pads: [T], _ axes: [Int]?, zero: T, _ rank: Int, _ label: String
  ) throws(ModelError) -> [(before: T, after: T)] {
    let axes =
      try axes.map { axes throws(ModelError) in
        try normalizedAxes(axes, rank: rank, label: label)
      } ?? Array(0..<rank)
    guard pads.count == 2 * axes.count else {
      throw ModelError(
        .invalid, "\(label): expected \(2 * axes.count) widths in 'pads', found \(pads.count)")
    }
    var result = Array(repeating: (before: zero, after: zero), count: rank)
    for (place, axis) in axes.enumerated() {
      result[axis] = (pads[place], pads[place + axes.count])
    }
    return result
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    let type = inputs.type(0)
    guard var shape = type.shape else { return [Inferred(type.elementType, nil)] }
    let widths = try widths(inputs)
    for axis in shape.dimensions.indices {
      shape[axis] = widths.map { shape[axis] + $0[axis].before + $0[axis].after } ?? .unknown
    }
    if let length = shape.dimensions.compactMap(\.value).first(where: { $0 < 0 }) {
      throw inputs.mismatch(
        0, expected: "axes at least as long as what is taken away", found: "length \(length) left")
    }
    return [Inferred(type.elementType, shape)]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let x = try context.input(0)
    let width = try context.elementWidth()
    let pads: [Int] = if let attributes { attributes.pads } else { try context.requiredIntegers(1) }
    let widths = try spread(pads, context.integers(3), zero: 0, x.shape.count, context.label)
    var shape: [Int] = []
    for (axis, (before, after)) in widths.enumerated() {
      let length = x.shape[axis]
      // Bounds that no real tensor passes keep the sums below from overflowing.
      let limit = 1 << 40
      guard before.magnitude <= limit, after.magnitude <= limit, length + before + after >= 0,
        length > 0 || mode == .constant || before + after == 0
      else {
        throw context.mismatch(
          attributes == nil ? 1 : 0, expected: "widths that fit shape \(x.shape)", found: "\(pads)")
      }
      shape.append(length + before + after)
    }
    let fill = try fill(context, x.elementType, width)
    let y = try context.bytes(x.elementType, shape)
    guard let to = y.baseAddress, !shape.contains(0) else { return }
    let tables = widths.enumerated().map { axis, width -> [Int]? in
      guard width.before != 0 || width.after != 0 else { return nil }
      return (0..<shape[axis]).map { origin($0 - width.before, x.shape[axis]) }
    }
    // An empty source has no address, but nothing is read from it either.
    let from = x.bytes.baseAddress ?? UnsafeRawPointer(to)
    fill.withUnsafeBytes {
      remap(shape: x.shape, width: width, tables: tables, from: from, to: to, fill: $0.baseAddress)
    }
  }

  /// The input index that a place before, in or after the axis takes; -1 for an added constant.
  private func origin(_ place: Int, _ length: Int) -> Int {
    if place >= 0 && place < length { return place }
    switch mode {
    case .constant: return -1
    case .edge: return place < 0 ? 0 : length - 1
    case .wrap:
      let rest = place % length
      return rest < 0 ? rest + length : rest
    case .reflect:
      let period = 2 * (length - 1)
      guard period > 0 else { return 0 }
      let rest = abs(place) % period
      return rest < length ? rest : period - rest
    }
  }

  /// The bytes of one added element.
  private func fill(
    _ context: Evaluation, _ type: ElementType, _ width: Int
  ) throws(ModelError) -> [UInt8] {
    if let label = context.createdLabel, type == .int64 {
      return withUnsafeBytes(of: Int64(label).littleEndian) { Array($0) }
    }
    if let value = context.optional(2) {
      guard value.elementType == type, value.bytes.count >= width else {
        throw context.mismatch(
          2, expected: "one \(type)", found: "\(TensorType(value.elementType, value.shape))")
      }
      return Array(value.bytes.prefix(width))
    }
    guard let value = attributes?.value, value != 0 else {
      return Array(repeating: 0, count: width)
    }
    switch type {
    case .float: return withUnsafeBytes(of: value) { Array($0) }
    case .double: return withUnsafeBytes(of: Double(value)) { Array($0) }
    case .float16: return withUnsafeBytes(of: Float16(value)) { Array($0) }
    default:
      throw ModelError(
        .unsupported, "\(context.label): element type \(type) is not supported with value \(value)")
    }
  }

  package func isIdentity(_ inputs: Inputs, _ outputs: [TensorType]) -> Bool {
    guard let widths = try? widths(inputs) else { return false }
    return widths.allSatisfy { $0.before == .known(0) && $0.after == .known(0) }
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    guard let widths = try? widths(inputs) else { return .barrier("pads are not constant") }
    let touched = widths.indices.filter {
      widths[$0].before != .known(0) || widths[$0].after != .known(0)
    }
    if touched.contains(where: { widths[$0].before.value == nil || widths[$0].after.value == nil })
    {
      return .alongside(
        inputs.shape(0), frozen: Set(touched), reason: "padded by widths that are not constant")
    }
    return .movement(inputs.shape(0), except: Set(touched))
  }

  package func resize(_ cut: Cut) throws(ModelError) -> [NodeEdit] {
    guard let shape = cut.inputs.shape(0), let old = try widths(cut.inputs) else { return [] }
    var new = old
    for axis in old.indices {
      let kept = cut.kept(.input(0), axis)
      let keptOut = cut.kept(.output(0), axis)
      guard kept != nil || keptOut != nil,
        old[axis].before != .known(0) || old[axis].after != .known(0)
      else { continue }
      guard mode == .constant, let before = old[axis].before.value,
        let after = old[axis].after.value, let length = shape[axis].value
      else { throw cut.unsupported("axis \(axis) is padded with copies, or by open widths") }
      let here = kept ?? Array(0..<length)
      let there = keptOut ?? Array(0..<length + before + after)
      // What is added is counted in the output, what is taken away in the input.
      let newBefore =
        before >= 0 ? there.count { $0 < before } : -here.count { $0 < -before }
      let newAfter =
        after >= 0 ? there.count { $0 >= length + before } : -here.count { $0 >= length + after }
      guard here.count + newBefore + newAfter == there.count else {
        throw cut.unsupported("what is left of axis \(axis) is not what padding would give")
      }
      new[axis] = (.known(newBefore), .known(newAfter))
    }
    guard zip(old, new).contains(where: { $0 != $1 }) else { return [] }
    let axes =
      try cut.inputs.knownIntegers(3).map { axes throws(ModelError) in
        try normalizedAxes(axes, rank: shape.rank, label: cut.label)
      } ?? Array(old.indices)
    let values = (axes.map { new[$0].before } + axes.map { new[$0].after }).compactMap(\.value)
    guard values.count == 2 * axes.count else { throw cut.unsupported("pads are not constant") }
    return attributes == nil ? [cut.integers(1, values)] : [.attribute("pads", .ints(values))]
  }
}

extension Pad {
  package var gradient: Gradient { .moved }
}

extension Pad {
  package static let revisions: [Revision] = [
    .operand("pads", becomes: 1, as: .list, from: 11),
    .operand("value", becomes: 2, as: .number, from: 11),
    // Axes may be named.
    Revision(18, down: { edit throws(ModelError) in try edit.spreadPads() }),
    .values(of: "mode", before: 19, ["constant", "reflect", "edge"]),
  ]
}

extension VersionEdit {
  /// Writes the widths of named axes as those of all axes.
  fileprivate mutating func spreadPads() throws(ModelError) {
    guard input(3) != nil else { return }
    guard let axes = constant(3)?.integers, let pads = constant(1)?.integers,
      let rank = type(0).shape?.rank, pads.count == 2 * axes.count,
      axes.allSatisfy({ $0 >= -rank && $0 < rank })
    else { throw decline("axes came with operator set 18, and the widths are not known") }
    var all = [Int](repeating: 0, count: 2 * rank)
    for (place, axis) in axes.enumerated() {
      let axis = axis < 0 ? axis + rank : axis
      all[axis] = pads[place]
      all[rank + axis] = pads[axes.count + place]
    }
    setInput(3, nil)
    setInput(1, addConstant(Tensor(int64: all, [all.count]), "pads"))
  }
}
