import IR
import Operators
import TestSupport
import Testing

/// How movement passes channels on, and that it runs on labels.
@Suite struct MovementFacetTests {
  private func passing(
    _ type: String, _ attributes: [Attribute] = [], shapes: [[Int]], constants: [[Int]] = [],
    outputs: Int = 1
  ) throws -> [[Int]] {
    let data = shapes.map { Operand(name: "x", type: TensorType(.float, $0)) }
    let fixed = constants.map { values in
      let tensor = Tensor(int64: values, [values.count])
      return Operand(name: "c", type: tensor.type, constant: tensor)
    }
    let inputs = Inputs(label: type, data + fixed)
    let op = try makeOperator(
      type, opset: 13, attributes: attributes, inputs: inputs.operands.map { $0 != nil },
      outputs: outputs)
    let rule = op.channels(inputs, try op.infer(inputs).map(\.type))
    for case .moves(_, let passing) in rule.relations {
      return passing.map { [$0.input, $0.output] }
    }
    return []
  }

  @Test func untouchedAxesPass() throws {
    let permutation = [Attribute("perm", .ints([0, 2, 1]))]
    #expect(
      try passing("Transpose", permutation, shapes: [[1, 2, 3]]) == [[0, 0], [2, 1], [1, 2]])
    let first = [Attribute("axis", .int(0))]
    #expect(try passing("Concat", first, shapes: [[2, 3], [4, 3]]) == [[1, 1]])
    #expect(try passing("Gather", first, shapes: [[5, 7]], constants: [[3, 1]]) == [[1, 1]])
    let image = [[5, 4, 6, 7]]
    #expect(try passing("Reshape", shapes: image, constants: [[5, 2, 2, 42]]) == [[0, 0]])
    #expect(try passing("Reshape", shapes: image, constants: [[5, 24, 7]]) == [[0, 0], [3, 2]])
    #expect(try passing("Squeeze", shapes: [[5, 1, 7]], constants: [[1]]) == [[0, 0], [2, 1]])
    #expect(try passing("Unsqueeze", shapes: [[5, 7]], constants: [[1]]) == [[0, 0], [1, 2]])
    #expect(try passing("Pad", shapes: [[5, 7]], constants: [[0, 1, 0, 0]]) == [[0, 0]])
    #expect(try passing("Slice", shapes: [[5, 7]], constants: [[0], [2], [1]]) == [[0, 0]])
    #expect(try passing("Expand", shapes: [[5, 1]], constants: [[5, 3]]) == [[0, 0]])
  }

  @Test func createdElementsTakeTheirLabel() throws {
    let pads = Tensor(int64: [1, 1], [2])
    let labels = Tensor(int64: [7, 8], [2])
    let fill = Tensor(floats: [0.5], [])
    let op = try makeOperator("Pad", opset: 13, inputs: [true, true, true])
    let views = [labels, pads, fill].map { tensor in
      TensorView(tensor.elementType, tensor.dimensions, tensor.storage!.bytes)
    }
    var result: [Int64] = []
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 32, alignment: 8)
    defer { memory.deallocate() }
    var context = Evaluation(label: "Pad", inputs: views, outputs: [true]) { _, _, _ in memory }
    context.createdLabel = -1
    try op.evaluate(&context)
    result = Array(memory.bindMemory(to: Int64.self))
    withExtendedLifetime((labels, pads, fill)) {}
    #expect(result == [-1, 7, 8, -1])
  }

  @Test func aLengthThatIsReadStaysWhatItWas() throws {
    let op = try makeOperator(
      "Shape", opset: 15, attributes: [Attribute("start", .int(1))], inputs: [true])
    let inputs = Inputs(label: "Shape", [Operand(name: "x", type: TensorType(.float, [2, 3, 4]))])
    let types = try op.infer(inputs).map(\.type)
    for relation in op.channels(inputs, types).relations {
      guard case .interchangeable = relation else {
        Issue.record("expected free axes, found \(relation)")
        return
      }
    }
    let kept = [Axis(.input(0), 0): [1], Axis(.input(0), 2): [0, 3]]
    let edits = try op.resize(Cut(label: "Shape", inputs: inputs, outputs: types) { kept[$0] })
    guard edits.count == 1, case .lengths(.output(0), let lengths)? = edits.first else {
      Issue.record("expected old lengths in place of new ones, found \(edits)")
      return
    }
    #expect(lengths == [1: 4])
  }

  @Test func identitiesAreSeen() throws {
    func isIdentity(_ type: String, _ constants: [[Int]], _ attributes: [Attribute] = []) throws
      -> Bool
    {
      let fixed = constants.map { values in
        let tensor = Tensor(int64: values, [values.count])
        return Operand(name: "c", type: tensor.type, constant: tensor)
      }
      let inputs = Inputs(
        label: type, [Operand(name: "x", type: TensorType(.float, [2, 3]))] + fixed)
      let op = try makeOperator(
        type, opset: 13, attributes: attributes, inputs: inputs.operands.map { $0 != nil })
      return op.isIdentity(inputs, try op.infer(inputs).map(\.type))
    }
    #expect(try isIdentity("Reshape", [[2, -1]]))
    #expect(try !isIdentity("Reshape", [[3, 2]]))
    #expect(try isIdentity("Slice", [[0], [.max], [1]]))
    #expect(try !isIdentity("Slice", [[-1], [.min], [1], [-1]]))
    #expect(try isIdentity("Pad", [[0, 0, 0, 0]]))
    #expect(try isIdentity("Tile", [[1, 1]]))
    #expect(try isIdentity("Transpose", [], [Attribute("perm", .ints([0, 1]))]))
    #expect(try !isIdentity("Transpose", []))
  }
}
