package import IR
private import Kernels

/// Sums of products over axes that an equation names
/// (https://onnx.ai/onnx/operators/onnx__Einsum.html).
package struct Einsum: Operator {
  package static let schema = Schema(
    "Einsum", opsets: 12...28,
    signature: """
      12: (T...) -> T; <equation: string!>; T: numbers
      28: T + bfloat16
      """)
  private let equation: EinsumEquation

  package var conditioning: Conditioning { .summing }

  package var computation: Computation? { .product(.axes { productAxes($0) }, of: .plain) }

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    equation = try EinsumEquation(try node.string("equation"), node)
  }

  private typealias Labels = (operands: [[EinsumEquation.Label]], output: [EinsumEquation.Label])

  /// The labels for the inputs; nil when a rank is not known.
  private func labels(_ inputs: Inputs) throws(ModelError) -> Labels? {
    let ranks = (0..<inputs.count).compactMap { inputs.rank($0) }
    guard ranks.count == inputs.count else { return nil }
    let result = equation.labels(ranks: ranks)
    if let wrong = result.wrong {
      throw inputs.mismatch(
        wrong, expected: "as many axes as its term has", found: "\(inputs.type(wrong))")
    }
    return (result.operands, result.output)
  }

  /// The length of each label; a stretched axis of 1 counts for nothing.
  private func lengths(
    _ inputs: Inputs, _ labels: Labels
  ) throws(ModelError) -> [EinsumEquation.Label: Dimension] {
    var lengths: [EinsumEquation.Label: Dimension] = [:]
    for (index, operand) in labels.operands.enumerated() {
      guard let shape = inputs.shape(index) else { continue }
      for (axis, label) in operand.enumerated() {
        let length = shape[axis]
        switch (lengths[label], length) {
        case (nil, _), (.known(1)?, _): lengths[label] = length
        case (_, .known(1)): break
        case (.known(let a)?, .known(let b)):
          guard a == b else {
            throw inputs.mismatch(
              index, expected: "\(a) along axis \(axis), as another operand has", found: "\(b)")
          }
        case (.known?, _): break
        case (_, .known): lengths[label] = length
        default: if lengths[label] != length { lengths[label] = .unknown }
        }
      }
    }
    return lengths
  }

  /// The axes for operands of the given shapes; nil where the result is no product of matrices, or
  /// something is stretched, summed alone or a diagonal.
  private func productAxes(_ shapes: [[Int]]) -> ProductAxes? {
    let labels = equation.labels(ranks: shapes.map(\.count))
    guard shapes.count == 2, labels.wrong == nil else { return nil }
    let (a, b, output) = (labels.operands[0], labels.operands[1], labels.output)
    guard [a, b, output].allSatisfy({ Set($0).count == $0.count }),
      zip(a, shapes[0]).allSatisfy({ label, length in
        b.firstIndex(of: label).map { shapes[1][$0] == length } ?? true
      })
    else { return nil }
    let shared = a.filter { b.contains($0) && output.contains($0) }
    let inner = a.filter { b.contains($0) && !output.contains($0) }
    let rows = a.filter { !b.contains($0) }, columns = b.filter { !a.contains($0) }
    guard inner.count == 1, rows.count == 1, columns.count == 1,
      Set(output) == Set(shared + rows + columns)
    else { return nil }
    return ProductAxes(
      left: (shared + rows + inner).compactMap { a.firstIndex(of: $0) },
      right: (shared + inner + columns).compactMap { b.firstIndex(of: $0) },
      output: output.compactMap { (shared + rows + columns).firstIndex(of: $0) })
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    guard let labels = try labels(inputs) else { return [Inferred(inputs.elementType(0), nil)] }
    let lengths = try lengths(inputs, labels)
    let shape = labels.output.map { lengths[$0] ?? .known(1) }
    return [Inferred(inputs.elementType(0), Shape(shape))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let type = try context.input(0).elementType
    let facts = Inputs(
      label: context.label,
      context.inputs.map { view in
        view.map { Operand(name: "", type: TensorType($0.elementType, $0.shape)) }
      })
    guard let labels = try labels(facts) else { throw context.unsupportedTypes([0]) }
    let lengths = try lengths(facts, labels).compactMapValues(\.value)
    // Narrow integers are summed as 64-bit ones, which wrap around to the same results.
    let scalar = try context.scalar(type)
    let working: Scalar =
      scalar == .float || scalar == .double || scalar == .uint64 ? scalar : .int64
    let space = ScratchSpace()
    defer { space.release() }
    let product = EinsumProduct(context: context, space: space, lengths: lengths)
    var result: EinsumProduct.Operand?
    for (index, operand) in labels.operands.enumerated() {
      let later = Set(labels.operands.dropFirst(index + 1).flatMap { $0 } + labels.output)
      let source = space.convert(try context.source(index), to: working)
      let needed = later.union(result?.labels ?? [])
      let next = try product.simplified(source.source, operand, needed: needed)
      result =
        try result.map { before throws(ModelError) in
          try product.joined(before, next, needed: later)
        } ?? next
    }
    guard let result else { throw context.unsupportedTypes([0]) }
    let shape = labels.output.map { lengths[$0] ?? 1 }
    let y = try context.output(0, type, shape)
    let ordered = product.ordered(result, labels.output)
    guard convert(Source(working, shape, ordered.source.bytes), into: y) else {
      throw context.unsupportedTypes([0])
    }
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    guard let labels = try? labels(inputs), let lengths = try? lengths(inputs, labels) else {
      return .barrier("shapes of the operands are not known")
    }
    var relations: [ChannelRule.Relation] = []
    var places: [EinsumEquation.Label: Axis] = [:]
    func join(_ label: EinsumEquation.Label, _ axis: Axis) {
      if let first = places[label] {
        relations.append(.same(first, axis))
      } else {
        places[label] = axis
      }
    }
    for (axis, label) in labels.output.enumerated() { join(label, Axis(.output(0), axis)) }
    for (index, operand) in labels.operands.enumerated() {
      let isWeight = inputs[index]?.constant != nil
      for (axis, label) in operand.enumerated() {
        let place = Axis(.input(index), axis)
        guard inputs.shape(index)?[axis] == lengths[label] else { continue }
        let operands = labels.operands.count { $0.contains(label) }
        if operand.count(where: { $0 == label }) > 1 {
          relations.append(.freeze(place, reason: "a diagonal of it"))
        } else if labels.output.contains(label) {
          join(label, place)
          if isWeight, operands == 1 { relations.append(.produces(place)) }
        } else if operands == 1 {
          relations.append(.freeze(place, reason: "summed over"))
        } else {
          join(label, place)
          if isWeight || index == 0 { relations.append(.consumes(place)) }
        }
      }
    }
    let isBetweenActivations =
      labels.operands.count > 1
      && labels.operands.indices.allSatisfy { inputs[$0]?.constant == nil }
    for (axis, label) in labels.output.enumerated()
    where isBetweenActivations && labels.operands.allSatisfy({ $0.contains(label) }) {
      relations.append(.parallel(Axis(.output(0), axis)))
    }
    return ChannelRule(relations)
  }

  package func macs(_ inputs: Inputs, _ outputs: [TensorType]) -> Int? {
    guard let labels = try? labels(inputs), let lengths = try? lengths(inputs, labels) else {
      return nil
    }
    let known = lengths.values.compactMap(\.value)
    guard known.count == lengths.count, let positions = checkedProduct(known) else { return nil }
    return product(positions, max(0, labels.operands.count - 1))
  }
}

extension Einsum {
  package var gradient: Gradient {
    .rule { [equation] call throws(ModelError) in
      let ranks = try call.node.inputs.indices.map { index throws(ModelError) in
        try call.shape(index).rank
      }
      let labels = equation.labels(ranks: ranks)
      guard labels.wrong == nil else { throw call.unknown("operands that fit the equation") }
      return try call.einsum(labels.operands, labels.output)
    }
  }
}
