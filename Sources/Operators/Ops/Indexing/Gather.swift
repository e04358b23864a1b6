package import IR
private import Kernels

/// Takes the slices at given indices along an axis
/// (https://onnx.ai/onnx/operators/onnx__Gather.html).
package struct Gather: Operator {
  package static let schema = Schema(
    "Gather", opsets: 1...28,
    signature: """
      1: (T, Tind) -> T; <axis: int = 0>; T: all; Tind: int32 int64
      13: T + bfloat16
      """)
  package static let traits = Traits(widensHalf: false, takesStrings: true)
  let axis: Int

  package var conditioning: Conditioning { .relative }

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    axis = try node.int("axis", default: 0)
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    let type = inputs.type(0)
    guard let shape = type.shape else { return [Inferred(type.elementType, nil)] }
    guard shape.rank > 0 else {
      throw inputs.mismatch(0, expected: "rank 1 or more", found: "\(type)")
    }
    let axis = try inputs.normalizedAxis(axis, rank: shape.rank)
    guard let picked = inputs.shape(1) else { return [Inferred(type.elementType, nil)] }
    let result = Shape(
      Array(shape.dimensions[..<axis]) + picked.dimensions + Array(shape.dimensions[(axis + 1)...]))
    var data: [Dimension]?
    if shape.rank == 1, let all = inputs.data(0), let places = inputs.knownIntegers(1) {
      data = try places.map { place throws(ModelError) in
        guard place >= -all.count, place < all.count else {
          throw inputs.mismatch(
            1, expected: "indices in [-\(all.count), \(all.count - 1)]", found: "\(place)")
        }
        return all[place < 0 ? place + all.count : place]
      }
    }
    return [Inferred(type.elementType, result, data: data)]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let x = try context.input(0)
    let axis = try normalizedAxes([axis], rank: x.shape.count, label: context.label)[0]
    let length = x.shape[axis]
    var places = try context.requiredIntegers(1)
    for position in places.indices {
      let place = places[position]
      guard place >= -length, place < length else {
        throw context.mismatch(
          1, expected: "indices in [-\(length), \(length - 1)]", found: "\(place)")
      }
      if place < 0 { places[position] = place + length }
    }
    var tables = [[Int]?](repeating: nil, count: x.shape.count)
    tables[axis] = places
    let shape = try Array(x.shape[..<axis]) + context.input(1).shape + Array(x.shape[(axis + 1)...])
    try context.pick(tables, shape: shape)
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    guard let rank = inputs.rank(0), let picked = inputs.rank(1), axis >= -rank, axis < rank else {
      return .barrier("shape of input 0 or 1 is not known")
    }
    let axis = axis < 0 ? axis + rank : axis
    let passing = (0..<rank).filter { $0 != axis }.map {
      (input: $0, output: $0 < axis ? $0 : $0 + picked - 1)
    }
    if inputs.knownIntegers(1) != nil { return .movement(passing: passing) }
    // Rows of a table looked up at run time: the other axes of a constant table make channels.
    var relations: [ChannelRule.Relation] = [
      .freeze(Axis(.input(0), axis), reason: "indices are not constant")
    ]
    for (input, output) in passing {
      relations.append(.same(Axis(.input(0), input), Axis(.output(0), output)))
      if inputs[0]?.constant != nil { relations.append(.produces(Axis(.input(0), input))) }
    }
    return ChannelRule(relations)
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm { .shared(inputs: [0]) }

  package func resize(_ cut: Cut) throws(ModelError) -> [NodeEdit] {
    guard let shape = cut.inputs.shape(0), let picked = cut.inputs.shape(1) else { return [] }
    let axis = try cut.inputs.normalizedAxis(axis, rank: shape.rank)
    let keptRows = cut.kept(.input(0), axis)
    let keptPlaces = (0..<picked.rank).map { cut.kept(.output(0), axis + $0) }
    guard keptRows != nil || keptPlaces.contains(where: { $0 != nil }) else { return [] }
    guard let places = cut.inputs.knownIntegers(1), let lengths = picked.known,
      let length = shape[axis].value, places.count == checkedProduct(lengths)
    else { throw cut.unsupported("indices are not constant") }
    let rank = keptRows.map(ranks(of:))
    let layout = strides(of: lengths)
    var offsets = [0]
    for (place, kept) in keptPlaces.enumerated() {
      let kept = kept ?? Array(0..<lengths[place])
      offsets = offsets.flatMap { offset in kept.map { offset + $0 * layout[place] } }
    }
    var new: [Int] = []
    for offset in offsets {
      let place = places[offset] < 0 ? places[offset] + length : places[offset]
      guard let row = rank.map({ $0[place] }) ?? place else {
        throw cut.unsupported("index \(place) is kept, but what it points to is not")
      }
      new.append(row)
    }
    let dimensions = lengths.indices.map { keptPlaces[$0]?.count ?? lengths[$0] }
    return new == places ? [] : [cut.integers(1, new, dimensions)]
  }
}

extension Gather {
  package var gradient: Gradient {
    .rule { [axis] call throws(ModelError) in
      let x = try call.input(0)
      if call.builder.isPortable, let standard = try Self.scattered(call, axis) {
        return [standard]
      }
      let operands = [try call.cotangent(0).id, x.id, try call.input(1).id]
      let id = call.builder.node(Inner.gathered, operands, [Attribute("axis", .int(axis))])
      return [Term(call.builder, id, x.type)]
    }
  }
}

extension Gather {
  /// The cotangents added up by ScatterND; nil where that does not add or ranks are not known.
  private static func scattered(_ call: GradientCall, _ axis: Int) throws(ModelError) -> Term? {
    let x = try call.input(0), indices = try call.input(1)
    guard call.builder.opset >= 16, let rank = call.facts.rank(0), let own = call.facts.rank(1)
    else {
      return nil
    }
    let axis = try call.axis(axis)
    // What is picked from goes to the front.
    let order = [axis] + (0..<rank).filter { $0 != axis }
    let places = Array(axis..<axis + own)
    let picked = places + (0..<rank + own - 1).filter { !places.contains($0) }
    let zeros = x.number(0).expanded(like: x.transposed(order))
    let sum = zeros.apply(
      ScatterND.self, [indices.unsqueezed([own]), try call.cotangent(0).transposed(picked)],
      [Attribute("reduction", .string(Array("add".utf8)))])
    let back = (0..<rank).map { place in order.firstIndex(of: place) ?? place }
    return sum.transposed(back).typed(as: x.type)
  }
}

extension Gather {
  package var lookup: Lookup? { Lookup(table: 0, indices: 1, axis: axis) }

  package static let revisions: [Revision] = [
    .negativeAxes("axis")
  ]
}
