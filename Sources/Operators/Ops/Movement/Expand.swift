package import IR
private import Kernels

/// Repeats axes of length 1 to a given shape, with broadcasting in both directions
/// (https://onnx.ai/onnx/operators/onnx__Expand.html).
package struct Expand: Operator {
  package static let schema = Schema(
    "Expand", opsets: 8...28,
    signature: """
      8: (T, int64) -> T; T: all
      13: T + bfloat16
      """)
  package static let traits = Traits(widensHalf: false, takesStrings: true, auxiliaryInputs: [1])

  package var conditioning: Conditioning { .relative }

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    let type = inputs.type(0)
    guard let shape = type.shape else { return [Inferred(type.elementType, nil)] }
    guard let target = inputs.data(1) else {
      guard let length = inputs.shape(1)?.dimensions.first?.value, length >= 0, length <= 64 else {
        return [Inferred(type.elementType, nil)]
      }
      var open = Shape([Dimension](repeating: .unknown, count: max(length, shape.rank)))
      // An axis longer than 1 stays as it is.
      for axis in 0..<shape.rank where (shape[axis].value ?? 1) > 1 {
        open[axis + open.rank - shape.rank] = shape[axis]
      }
      return [Inferred(type.elementType, open)]
    }
    let operands = [
      Operand(name: "input", type: type),
      Operand(name: "shape", type: TensorType(.float, Shape(target))),
    ]
    let result = try Inputs(label: inputs.label, operands, relations: inputs.relations)
      .broadcast([0, 1])
    return [Inferred(type.elementType, result, data: data(inputs, result))]
  }

  /// The elements, where one number is repeated.
  private func data(_ inputs: Inputs, _ result: Shape?) -> [Dimension]? {
    guard let data = inputs.data(0), let count = result?.known.flatMap(checkedProduct) else {
      return nil
    }
    if data.count == count { return data }
    guard data.count == 1, count <= 1024 else { return nil }
    return Array(repeating: data[0], count: count)
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let x = try context.input(0)
    let target = try context.requiredIntegers(1)
    guard !target.contains(where: { $0 < 0 }), let shape = broadcastShape(x.shape, target) else {
      throw context.mismatch(
        1, expected: "a shape that broadcasts with \(x.shape)", found: "\(target)")
    }
    let added = shape.count - x.shape.count
    let layout = strides(of: x.shape)
    try context.move(
      shape: shape,
      strides: shape.indices.map { axis in
        axis < added || x.shape[axis - added] == 1 ? 0 : layout[axis - added]
      })
  }

  package func isIdentity(_ inputs: Inputs, _ outputs: [TensorType]) -> Bool {
    guard let from = inputs.shape(0), let to = outputs.first?.shape else { return false }
    return from == to && !from.dimensions.contains(.unknown)
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    guard let from = inputs.shape(0), let to = outputs.first?.shape else {
      return .barrier("shape of input 0 or output 0 is not known")
    }
    if inputs.data(1) == nil { return .barrier("shape is not constant") }
    let added = to.rank - from.rank
    let passing = from.dimensions.indices.filter {
      from[$0] == to[$0 + added] && from[$0] != .unknown
    }
    return .movement(passing: passing.map { ($0, $0 + added) })
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm { .shared(inputs: [0]) }

  package func resize(_ cut: Cut) throws(ModelError) -> [NodeEdit] {
    guard let to = cut.newShape(.output(0)), let from = cut.newShape(.input(0)) else { return [] }
    let changed = cut.changedAxes(.output(0), rank: to.rank)
    guard !changed.isEmpty else { return [] }
    let known = cut.inputs.knownIntegers(1)
    let count = known?.count ?? to.rank
    var new: [Int] = []
    for place in 0..<count {
      let axis = place + to.rank - count
      let source = axis - (to.rank - from.rank)
      if let known, known[place] == 1 || !changed.contains(axis) {
        new.append(known[place])
      } else if let length = to[axis].value {
        new.append(length)
      } else if source >= 0, from[source] == to[axis], to[axis] != .unknown {
        new.append(1)
      } else {
        guard count == to.rank else {
          throw cut.unsupported("the target shape is not constant along axis \(axis)")
        }
        return [.lengths(.input(1), cut.newLengths(.output(0), changed))]
      }
    }
    return new == known ? [] : [cut.integers(1, new)]
  }
}

extension Expand {
  package var gradient: Gradient {
    .rule { call throws(ModelError) in [try call.summed(call.cotangent(0), like: 0)] }
  }
}
