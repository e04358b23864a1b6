package import IR
private import Kernels

/// Cuts a tensor into parts along an axis (https://onnx.ai/onnx/operators/onnx__Split.html).
package struct Split: Cutting {
  package static let schema = Schema(
    "Split", opsets: 2...28,
    signature: """
      2: (T) -> T...; <axis: int = 0, split: ints>; T: all
      13: (T, int64?) -> T...; <axis: int = 0>; T + bfloat16
      18: <axis: int = 0, num_outputs: int>
      """)
  package static let traits = Traits(widensHalf: false, takesStrings: true, auxiliaryInputs: [1])
  let axis: Int
  /// Lengths of the parts as an attribute, before opset 13.
  let sizes: [Int]?
  /// The number of parts.
  let parts: Int
  /// Whether the last of parts without given lengths may be shorter, since opset 18.
  let allowsUneven: Bool
  private let takesAttribute: Bool
  private let hasCount: Bool

  package var conditioning: Conditioning { .relative }

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    axis = try node.int("axis", default: 0)
    takesAttribute = opset < 13
    sizes = takesAttribute ? try node.ints("split") : nil
    parts = max(1, node.outputs.count)
    allowsUneven = opset >= 18
    hasCount = allowsUneven && node.has("num_outputs")
    if hasCount {
      let count = try node.int("num_outputs")
      guard count == parts else {
        throw node.mismatch("num_outputs", expected: "\(parts), one an output", found: "\(count)")
      }
    }
    if let sizes, sizes.count != parts {
      throw node.mismatch("split", expected: "\(parts) lengths", found: "\(sizes)")
    }
  }

  /// Lengths of the parts of an axis of known length.
  private func lengths(
    of length: Int, sizes: [Int]?, label: String
  ) throws(ModelError) -> [Int] {
    if let sizes {
      guard sizes.count == parts, let total = checkedSum(sizes), total == length else {
        throw ModelError(
          .invalid, "\(label): expected \(parts) parts that add up to \(length), found \(sizes)")
      }
      return sizes
    }
    let share = length / parts + (length % parts == 0 ? 0 : 1)
    let (before, overflow) = share.multipliedReportingOverflow(by: parts - 1)
    let last = length - (overflow ? length : before)
    guard !overflow, last >= 0, allowsUneven || last == share else {
      throw ModelError(
        .invalid, "\(label): expected an axis that \(parts) divides, found length \(length)")
    }
    return Array(repeating: share, count: parts - 1) + [last]
  }

  private func checkedSum(_ sizes: [Int]) -> Int? {
    var sum = 0
    for size in sizes {
      let (next, overflow) = sum.addingReportingOverflow(size)
      if size < 0 || overflow { return nil }
      sum = next
    }
    return sum
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    let type = inputs.type(0)
    guard let shape = type.shape else {
      return Array(repeating: Inferred(type.elementType, nil), count: parts)
    }
    let axis = try inputs.normalizedAxis(axis, rank: shape.rank)
    var lengths = [Dimension](repeating: .unknown, count: parts)
    let given = inputs.has(1)
    let sizes = given ? inputs.knownIntegers(1) : sizes
    if let length = shape[axis].value, !given || sizes != nil {
      lengths = try self.lengths(of: length, sizes: sizes, label: inputs.label).map { .known($0) }
    } else if let sizes {
      guard sizes.count == parts else {
        throw inputs.mismatch(1, expected: "\(parts) lengths", found: "\(sizes)")
      }
      lengths = sizes.map { .known($0) }
    } else if given, let data = inputs.data(1), data.count == parts {
      lengths = data
    } else if !given {
      let share =
        allowsUneven
        ? shape[axis].ceilDivided(by: .known(parts)) : shape[axis].floorDivided(by: .known(parts))
      lengths = Array(repeating: share, count: parts)
      if allowsUneven { lengths[parts - 1] = shape[axis] - share * .known(parts - 1) }
    }
    var offset = 0
    return lengths.map { length in
      var part = shape
      part[axis] = length
      var data: [Dimension]?
      if shape.rank == 1, let all = inputs.data(0), let count = length.value, count >= 0,
        offset + count <= all.count
      {
        data = Array(all[offset..<offset + count])
        offset += count
      }
      return Inferred(type.elementType, part, data: data)
    }
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let x = try context.input(0)
    let width = try context.elementWidth()
    let axis = try normalizedAxes([axis], rank: x.shape.count, label: context.label)[0]
    let sizes = try context.integers(1) ?? sizes
    let lengths = try lengths(of: x.shape[axis], sizes: sizes, label: context.label)
    let layout = strides(of: x.shape)
    var offset = 0
    for (index, length) in lengths.enumerated() {
      if context.wants(index) {
        var shape = x.shape
        shape[axis] = length
        let y = try context.bytes(output: index, x.elementType, shape)
        if let from = x.bytes.baseAddress, let to = y.baseAddress {
          stridedCopy(
            shape: shape, width: width, from: from, strides: layout, sourceOffset: offset,
            to: to,
            strides: strides(of: shape))
        }
      }
      offset += length * layout[axis]
    }
  }

  package func cuts(_ inputs: Inputs, _ outputs: [TensorType]) -> [[AxisRange]]? {
    guard let shape = inputs.shape(0), let axis = try? inputs.normalizedAxis(axis, rank: shape.rank)
    else { return nil }
    var start = 0
    var found: [[AxisRange]] = []
    for output in outputs {
      guard let length = output.shape?.dimensions[safe: axis]?.value else { return nil }
      found.append([AxisRange(axis: axis, start: start, length: length)])
      start += length
    }
    return found
  }

  package func isIdentity(_ inputs: Inputs, _ outputs: [TensorType]) -> Bool { parts == 1 }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    guard let rank = inputs.rank(0), axis >= -rank, axis < rank else {
      return .barrier("shape of input 0 is not known")
    }
    if inputs.has(1), inputs.knownIntegers(1) == nil { return .barrier("split is not constant") }
    return .movement(inputs.shape(0), except: [axis < 0 ? axis + rank : axis])
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm { .shared(inputs: [0]) }

  package func resize(_ cut: Cut) throws(ModelError) -> [NodeEdit] {
    guard let shape = cut.inputs.shape(0) else { return [] }
    let axis = try cut.inputs.normalizedAxis(axis, rank: shape.rank)
    var lengths: [Int] = []
    var changed = cut.kept(.input(0), axis) != nil
    for index in 0..<parts {
      let kept = cut.kept(.output(index), axis)
      changed = changed || kept != nil
      guard let length = kept?.count ?? cut.outputs[safe: index]?.shape?[axis].value else {
        if changed { throw cut.unsupported("length of output \(index) is not known") }
        return []
      }
      lengths.append(length)
    }
    guard changed else { return [] }
    let total = lengths.reduce(0, +)
    if !cut.inputs.has(1), sizes == nil,
      let implied = try? self.lengths(of: total, sizes: nil, label: cut.label), implied == lengths
    {
      return []
    }
    if takesAttribute { return [.attribute("split", .ints(lengths))] }
    let edit = cut.integers(1, lengths)
    return hasCount ? [.removeAttribute("num_outputs"), edit] : [edit]
  }
}

extension Split {
  package var gradient: Gradient {
    .rule { [axis] call throws(ModelError) in
      let parts = try call.node.outputs.indices.map { index throws(ModelError) in
        try call.cotangent(index)
      }
      return [call.builder.joined(parts, axis: try call.axis(axis)).typed(as: call.facts.type(0))]
    }
  }
}

extension Split {
  package static let revisions: [Revision] = [
    .negativeAxes("axis"), .operand("split", becomes: 1, as: .list, from: 13),
    // Parts without given lengths are asked for by their number, and the last may be shorter.
    Revision(
      18,
      up: { edit throws(ModelError) in
        guard edit.input(1) == nil else { return }
        edit.set("num_outputs", .int(edit.graph[edit.node].outputs.count))
      },
      down: { edit throws(ModelError) in
        guard edit.input(1) == nil else { return }
        let parts = edit.graph[edit.node].outputs.count
        let axis = try edit.int("axis", default: 0)
        guard let shape = edit.type(0).shape, axis < shape.rank, axis >= -shape.rank,
          let length = shape[axis < 0 ? axis + shape.rank : axis].value
        else { throw edit.decline("the last part may be shorter, for the length is not known") }
        edit.set("num_outputs", nil)
        guard length % parts != 0 else { return }
        let share = length / parts + 1
        let lengths = (0..<parts).map { max(0, min(share, length - $0 * share)) }
        edit.setInput(1, edit.addConstant(Tensor(int64: lengths, [parts]), "split"))
      }),
  ]
}
