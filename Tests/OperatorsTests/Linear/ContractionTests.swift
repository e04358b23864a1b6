import IR
import Operators
import TestSupport
import Testing

/// What is known of operands of the given shapes; `constants` are weights.
private func operands(_ shapes: [Shape?], constants: Set<Int> = []) -> Inputs {
  Inputs(
    label: "Node 'n'",
    shapes.enumerated().map { index, shape in
      guard let shape else { return nil }
      let lengths = shape.known ?? []
      return Operand(
        name: "x\(index)", type: TensorType(.float, shape),
        constant: constants.contains(index)
          ? Tensor(floats: [Float](repeating: 0, count: lengths.reduce(1, *)), lengths) : nil)
    })
}

private func name(_ axis: Axis) -> String {
  switch axis.port {
  case .input(let index): "x\(index).\(axis.axis)"
  case .output(let index): "y\(index).\(axis.axis)"
  }
}

/// The relations in short, without frozen axes.
private func relations(_ rule: ChannelRule) -> Set<String> {
  Set(
    rule.relations.compactMap { relation in
      switch relation {
      case .same(let a, let b): [name(a), name(b)].sorted().joined(separator: "=")
      case .spread(let a, let b, let factor): "\(name(a))*\(factor)=\(name(b))"
      case .blocks(let a, let count): "\(name(a))/\(count)"
      case .groupedColumns(let a, let rows, let of, let groups):
        "\(name(a)) by \(name(rows)) of \(name(of))/\(groups)"
      case .produces(let a): "+\(name(a))"
      case .consumes(let a): "-\(name(a))"
      default: nil
      }
    })
}

private func rule(
  _ type: String, _ shapes: [[Int]], constants: Set<Int> = [1], attributes: [Attribute] = []
) throws -> Set<String> {
  let op = try makeOperator(
    type, opset: 17, attributes: attributes, inputs: shapes.map { _ in true })
  let inputs = operands(shapes.map { Shape($0) }, constants: constants)
  return relations(op.channels(inputs, try op.infer(inputs).map(\.type)))
}

@Suite("Convolutions and products")
struct ContractionTests {
  private func group(_ count: Int) -> [Attribute] { [Attribute("group", .int(count))] }

  private func message(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "no error"
    } catch {
      return "\(error)"
    }
  }

  @Test("a convolution's channels: ordinary, depthwise, grouped, one output")
  func convolutionChannels() throws {
    let batch = "x0.0=y0.0", rows = "x1.0=y0.1"
    #expect(
      try rule("Conv", [[2, 8, 5, 5], [6, 8, 3, 3], [6]])
        == [batch, rows, "x2.0=y0.1", "x0.1=x1.1", "+x1.0", "-x1.1"])
    #expect(
      try rule("Conv", [[2, 8, 5, 5], [16, 1, 3, 3]], attributes: group(8))
        == [batch, rows, "x0.1*2=y0.1", "+x1.0"])
    #expect(
      try rule("Conv", [[2, 8, 5, 5], [6, 4, 3, 3]], attributes: group(2))
        == [batch, rows, "x0.1/2", "y0.1/2", "x1.1 by x1.0 of x0.1/2", "+x1.0", "-x1.1"])
    #expect(
      try rule("Conv", [[2, 1, 5, 5], [1, 1, 3, 3]])
        == [batch, rows, "x0.1=x1.1", "+x1.0", "-x1.1"])
    #expect(
      try rule("ConvTranspose", [[2, 8, 5, 5], [8, 6, 3, 3], [6]])
        == [batch, "x0.1=x1.0", "x1.1=y0.1", "x2.0=y0.1", "+x1.1", "-x1.0"])
  }

  @Test("a product's channels follow the contraction, rows, columns and batches")
  func productChannels() throws {
    let transposed = [Attribute("transB", .int(1))]
    #expect(
      try rule("Gemm", [[3, 8], [5, 8], [5]], attributes: transposed)
        == ["x0.1=x1.1", "x0.0=y0.0", "x1.0=y0.1", "x2.0=y0.1", "+x1.0", "-x1.1"])
    #expect(
      try rule("MatMul", [[2, 3, 8], [8, 5]])
        == ["x0.2=x1.0", "x0.1=y0.1", "x1.1=y0.2", "x0.0=y0.0", "+x1.1", "-x1.0"])
    #expect(
      try rule("MatMul", [[2, 3, 8], [2, 8, 5]], constants: [])
        == ["x0.2=x1.1", "x0.1=y0.1", "x1.2=y0.2", "x0.0=y0.0", "x1.0=y0.0", "-x0.2"])
  }

  @Test("errors name the input, the expectation and what was found")
  func errors() throws {
    func infer(_ type: String, _ shapes: [[Int]], _ attributes: [Attribute] = []) throws {
      let op = try makeOperator(
        type, opset: 17, attributes: attributes, inputs: shapes.map { _ in true })
      _ = try op.infer(operands(shapes.map { Shape($0) }))
    }
    #expect(
      message { try infer("Conv", [[1, 64, 9, 9], [8, 32, 3, 3]]) }
        == "Node 'n', input 1 'x1': expected 64 input channels (x has 64, group 1), found 32")
    #expect(
      message { try infer("Conv", [[1, 64, 9, 9], [8, 32, 3, 3]], group(3)) }
        == "Node 'n', input 0 'x0': expected a number of channels that group 3 divides, found 64")
    #expect(
      message { try infer("Conv", [[1, 3, 2, 9], [8, 3, 3, 3]]) }
        == "Node 'n', input 0 'x0': expected at least 3 positions along spatial axis 0, "
        + "padding included, found 2")
    #expect(
      message { try infer("MatMul", [[2, 3], [4, 5]]) }.contains("expected 3 along axis 0"))
    #expect(
      message { try infer("MaxPool", [[1, 3, 9, 9]], [Attribute("strides", .ints([0, 1]))]) }
        .contains("attribute 'kernel_shape'"))
    #expect(
      message {
        try infer(
          "AveragePool", [[1, 3, 9, 9]],
          [Attribute("kernel_shape", .ints([2, 2])), Attribute("strides", .ints([0, 1]))])
      }.contains("attribute 'strides': expected values in [1,"))
  }

  @Test("lengths of the output are expressions over named dimensions")
  func symbolic() throws {
    func output(_ type: String, _ attributes: [Attribute], _ weight: [Int]? = nil) throws -> String
    {
      let op = try makeOperator(
        type, opset: 17, attributes: attributes, inputs: weight == nil ? [true] : [true, true])
      let x = Shape([Dimension(symbol: "N"), 4, Dimension(symbol: "H")])
      return try op.infer(operands([x] + (weight.map { [Shape($0)] } ?? [])))[0].type.description
    }
    let strides = Attribute("strides", .ints([2])), pads = Attribute("pads", .ints([1, 1]))
    let kernel = Attribute("kernel_shape", .ints([3]))
    #expect(try output("Conv", [strides, pads], [8, 4, 3]) == "float[N,8,floor(H/2 - 1/2) + 1]")
    #expect(
      try output("Conv", [Attribute("auto_pad", .string(Array("SAME_UPPER".utf8)))], [8, 4, 3])
        == "float[N,8,H]")
    #expect(try output("MaxPool", [kernel, strides, pads]) == "float[N,4,floor(H/2 - 1/2) + 1]")
    #expect(try output("ConvTranspose", [strides], [4, 6, 2]) == "float[N,6,2*H]")
    #expect(try output("GlobalAveragePool", []) == "float[N,4,1]")
  }

  @Test("a grouped convolution loses whole groups, or the same number in each")
  func resize() throws {
    let op = try makeOperator("Conv", opset: 17, attributes: group(4), inputs: [true, true])
    let inputs = operands([Shape([1, 8, 5, 5]), Shape([8, 2, 3, 3])], constants: [1])
    func edits(_ kept: [Int]) throws -> [NodeEdit] {
      try op.resize(
        Cut(label: "n", inputs: inputs, outputs: [TensorType(.float, [1, 8, 3, 3])]) { axis in
          axis.axis == 1 && axis.port != .input(1) ? kept : nil
        })
    }
    #expect(try edits([0, 2, 4, 6]).isEmpty)
    guard case .attribute("group", .int(3))? = try edits([0, 1, 4, 5, 6, 7]).first else {
      Issue.record("expected a group of 3")
      return
    }
    #expect(throws: ModelError.self) { try edits([0, 2, 3, 4, 6]) }
  }

  @Test("multiply-accumulates count a weight's row for each output")
  func macs() throws {
    func macs(_ type: String, _ shapes: [[Int]], _ attributes: [Attribute] = []) throws -> Int? {
      let op = try makeOperator(
        type, opset: 17, attributes: attributes, inputs: shapes.map { _ in true })
      let inputs = operands(shapes.map { Shape($0) })
      return op.macs(inputs, try op.infer(inputs).map(\.type))
    }
    #expect(try macs("Conv", [[1, 8, 5, 5], [6, 4, 3, 3]], group(2)) == 6 * 9 * 4 * 9)
    #expect(try macs("ConvTranspose", [[1, 8, 5, 5], [8, 6, 3, 3]]) == 8 * 25 * 6 * 9)
    #expect(try macs("Gemm", [[3, 8], [8, 5]]) == 120)
    #expect(try macs("MatMul", [[2, 3, 8], [8, 5]]) == 240)
    #expect(try macs("MaxPool", [[1, 3, 4, 4]], [Attribute("kernel_shape", .ints([2, 2]))]) == 0)
  }

  @Test("integer convolution rounds half to even after scaling, padding is the zero-point")
  func integers() throws {
    let x = Tensor(.uint8, [1, 1, 3], Storage([10, 11, 12] as [UInt8]))
    let w = Tensor(.int8, [2, 1, 3], Storage([1, 1, 1, -1, 0, 2] as [Int8]))
    func scalar(_ value: Float) -> Tensor { Tensor(floats: [value], []) }
    func zero(_ value: UInt8) -> Tensor { Tensor(.uint8, [], Storage([value])) }
    let result = try evaluate(
      "QLinearConv", opset: 17, attributes: [Attribute("pads", .ints([1, 1]))],
      inputs: [
        x, scalar(0.5), zero(10), w, Tensor(floats: [1, 0.5], [2]),
        Tensor(.int8, [2], Storage([0, 0] as [Int8])), scalar(1), zero(3),
        Tensor(.int32, [2], Storage([0, 2] as [Int32])),
      ])[0]
    // Sums 1, 3, 3 times 0.5 and 4, 6, 1 times 0.25.
    #expect(result.integers == [3, 5, 5, 4, 5, 3])
  }
}
