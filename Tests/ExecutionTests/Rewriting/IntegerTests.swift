import Execution
import IR
import TestSupport
import Testing

/// How a tensor of 8-bit integers stands for numbers.
private struct Quantized: Sendable {
  var scale: Float
  var zero: Int
  var type: ElementType = .uint8
}

extension Network {
  fileprivate mutating func parameters(_ q: Quantized) -> (ValueID, ValueID) {
    let byte = UInt8(truncatingIfNeeded: q.zero)
    return (number(q.scale), constant(Tensor(q.type, [], Storage([byte]))))
  }

  /// Rounds a value to integers.
  fileprivate mutating func quantize(_ x: ValueID, _ q: Quantized) -> ValueID {
    let (scale, zero) = parameters(q)
    return add("QuantizeLinear", x, scale, zero)
  }

  fileprivate mutating func dequantize(_ x: ValueID, _ q: Quantized) -> ValueID {
    let (scale, zero) = parameters(q)
    return add("DequantizeLinear", x, scale, zero)
  }

  /// A weight of int8 with a scale for each index of an axis.
  fileprivate mutating func integerWeight(
    _ shape: [Int], axis: Int, scales: [Float]
  ) throws -> ValueID {
    let count = shape.reduce(1, *)
    let values = (0..<count).map { UInt8(truncatingIfNeeded: ($0 * 37 + 11) % 255 - 127) }
    return add(
      "DequantizeLinear", constant(Tensor(.int8, shape, Storage(values))),
      constant(Tensor(floats: scales, [scales.count])),
      constant(Tensor(.int8, [scales.count], Storage([UInt8](repeating: 0, count: scales.count)))),
      attributes: [Attribute("axis", .int(axis))])
  }

  fileprivate mutating func integerBias(_ values: [Int32], scales: [Float]) -> ValueID {
    add(
      "DequantizeLinear", constant(Tensor(.int32, [values.count], Storage(values))),
      constant(Tensor(floats: scales, [scales.count])), attributes: [Attribute("axis", .int(0))])
  }
}

@Suite("Integers between DequantizeLinear and QuantizeLinear")
struct IntegerTests {
  private let x = Quantized(scale: 1 / 64, zero: 120)
  private let y = Quantized(scale: 1 / 2, zero: 97)

  /// The largest difference of 8-bit outputs.
  private func distance(_ model: Model, _ inputs: [String: Tensor]) throws -> Int {
    let a = try Session(model, options: SessionOptions(backend: .reference)).run(inputs)
    let b = try Session(model).run(inputs)
    var worst = 0
    for (name, reference) in a {
      let expected = try #require(reference.integers)
      let found = try #require(b[name]?.integers)
      #expect(b[name]?.type == reference.type)
      worst = max(worst, zip(expected, found).map { abs($0 - $1) }.max() ?? 0)
    }
    return worst
  }

  /// The name of a step that multiplies bytes: where the processor does not, numbers are multiplied.
  private func product(_ operators: String) -> String {
    SessionOptions().multipliesBytes ? "INT8 \(operators)" : operators
  }

  /// The parameters for integers of a type.
  private func parameters(_ type: ElementType) -> (x: Quantized, y: Quantized) {
    guard type == .int8 else { return (x, y) }
    return (
      Quantized(scale: x.scale, zero: -7, type: .int8),
      Quantized(scale: y.scale, zero: -128, type: .int8)
    )
  }

  @Test(
    "a convolution, its activation and a pool differ by one step at most",
    arguments: [ElementType.uint8, .int8], [1, 2])
  func convolution(type: ElementType, group: Int) throws {
    let (x, y) = parameters(type)
    var sketch = Network()
    let data = sketch.dequantize(sketch.quantize(sketch.input("x", rank: 4), x), x)
    let scales = (0..<16).map { Float(1 + $0) / 512 }
    let weight = try sketch.integerWeight([16, 8 / group, 3, 3], axis: 0, scales: scales)
    let bias = sketch.integerBias(
      (0..<16).map { Int32($0 * 1000 - 7000) }, scales: scales.map { $0 * x.scale })
    let product = sketch.add(
      "Conv", data, weight, bias,
      attributes: [Attribute("pads", .ints([1, 1, 1, 1])), Attribute("group", .int(group))])
    let first = sketch.dequantize(sketch.quantize(sketch.add("Relu", product), y), y)
    let pooled = sketch.add(
      "MaxPool", first,
      attributes: [
        Attribute("kernel_shape", .ints([3, 3])), Attribute("pads", .ints([1, 1, 1, 1])),
      ])
    let model = sketch.model(sketch.quantize(pooled, y))
    let inputs = ["x": try floats([2, 8, 9, 7])]
    #expect(try distance(model, inputs) <= 1)
    let names = try steps(model, inputs)
    for expected in [self.product("Conv+Relu"), "INT8 MaxPool"] {
      #expect(names.contains(expected), "\(names)")
    }
  }

  // Of operands that are the same in both backends: a step of each would make two in the sum.
  @Test("a sum differs by one step at most", arguments: [ElementType.uint8, .int8])
  func sum(type: ElementType) throws {
    let (x, y) = parameters(type)
    var sketch = Network()
    let fine = sketch.dequantize(sketch.quantize(sketch.input("a", rank: 4), x), x)
    let coarse = sketch.dequantize(sketch.quantize(sketch.input("b", rank: 4), y), y)
    let z = Quantized(scale: 0.75, zero: y.zero, type: type)
    let model = sketch.model(sketch.quantize(sketch.add("Add", fine, coarse), z))
    let inputs = [
      "a": try floats([2, 8, 9, 7]), "b": try floats([2, 8, 9, 7], seed: 2).scaled(by: 60),
    ]
    #expect(try distance(model, inputs) <= 1)
    #expect(try steps(model, inputs).contains("INT8 Add"))
  }

  @Test(
    "operators that move or select integers give the same ones",
    arguments: [ElementType.uint8, .int8])
  func moving(type: ElementType) throws {
    let y = parameters(type).y
    var sketch = Network()
    let data = sketch.dequantize(sketch.quantize(sketch.input("x", rank: 4), y), y)
    let pooled = sketch.quantize(
      sketch.add("MaxPool", data, attributes: [Attribute("kernel_shape", .ints([2, 3]))]), y)
    let flat = sketch.add("Flatten", sketch.dequantize(pooled, y))
    let model = sketch.model(sketch.quantize(flat, y))
    let inputs = ["x": try floats([2, 8, 9, 7]).scaled(by: 40)]
    #expect(try distance(model, inputs) == 0)
    let names = try steps(model, inputs)
    for expected in ["INT8 MaxPool", "INT8 Flatten"] {
      #expect(names.contains(expected), "\(names)")
    }
  }

  @Test(
    "a product whose zero-point comes with each run is exact",
    arguments: [ElementType.uint8, .int8],
    [0, 3])
  func dynamicProduct(type: ElementType, zero: Int) throws {
    var sketch = Network()
    let parts = sketch.add(
      "DynamicQuantizeLinear", optional: [sketch.input("x", rank: 3)], outputs: 3)
    let bytes = (0..<20 * 12).map { index in
      // Numbers around the zero-point that fit into int8 without it.
      UInt8(truncatingIfNeeded: (index * 37 + 11) % 200 - 100 + (type == .uint8 ? 110 : 0))
    }
    let weight = sketch.constant(Tensor(type, [20, 12], Storage(bytes)))
    let center = UInt8(zero + (type == .uint8 ? 110 : 0))
    let product = sketch.add(
      "MatMulInteger", parts[0], weight, parts[2],
      sketch.constant(Tensor(type, [], Storage([center]))))
    let model = sketch.model(product)
    let session = try Session(model)
    let reference = try Session(model, options: SessionOptions(backend: .reference))
    for seed in 1...3 {
      let x = try floats([2, 7, 20], seed: UInt64(seed)).scaled(by: Float(seed))
      #expect(try session.run(["x": x]) == reference.run(["x": x]))
    }
  }

  /// A weight with every byte, and a zero-point.
  private func wideWeight(
    _ sketch: inout Network, _ type: ElementType, _ shape: [Int], zero: Int
  ) -> (weight: ValueID, zero: ValueID) {
    let bytes = (0..<shape.reduce(1, *)).map { UInt8(truncatingIfNeeded: $0 * 37 + 11) }
    let zero = UInt8(truncatingIfNeeded: zero)
    return (
      sketch.constant(Tensor(type, shape, Storage(bytes))),
      sketch.constant(Tensor(type, [], Storage([zero])))
    )
  }

  @Test(
    "weights that need nine bits without their zero-point are exact",
    arguments: [(ElementType.uint8, 117), (.uint8, 0), (.int8, -9), (.int8, 127)],
    ["MatMulInteger", "ConvInteger"])
  func wide(_ element: (type: ElementType, zero: Int), name: String) throws {
    let isProduct = name == "MatMulInteger"
    var sketch = Network()
    let parts = sketch.add(
      "DynamicQuantizeLinear", optional: [sketch.input("x", rank: isProduct ? 3 : 4)], outputs: 3)
    let (weight, zero) = wideWeight(
      &sketch, element.type, isProduct ? [20, 12] : [12, 4, 3, 2], zero: element.zero)
    let result = sketch.add(
      name, parts[0], weight, parts[2], zero,
      attributes: isProduct
        ? []
        : [
          Attribute("pads", .ints([1, 0, 1, 1])), Attribute("strides", .ints([1, 2])),
          Attribute("group", .int(2)),
        ])
    let model = sketch.model(result)
    let session = try Session(model)
    let reference = try Session(model, options: SessionOptions(backend: .reference))
    for seed in 1...3 {
      let x = try floats(isProduct ? [2, 7, 20] : [2, 8, 9, 11], seed: UInt64(seed))
        .scaled(by: Float(seed))
      #expect(try session.run(["x": x]) == reference.run(["x": x]))
    }
  }

  @Test("a product with an unsigned weight differs by one step at most")
  func unsignedWeight() throws {
    var sketch = Network()
    let data = sketch.dequantize(sketch.quantize(sketch.input("x", rank: 3), x), x)
    let bytes = (0..<240).map { (index: Int) -> UInt8 in UInt8(60 + index * 37 % 120) }
    let weight = sketch.dequantize(
      sketch.constant(Tensor(.uint8, [20, 12], Storage(bytes))),
      Quantized(scale: 1 / 512, zero: 110, type: .uint8))
    let model = sketch.model(sketch.quantize(sketch.add("MatMul", data, weight), y))
    let inputs = ["x": try floats([2, 7, 20])]
    #expect(try distance(model, inputs) <= 1)
    // No pair of these weights saturates.
    let name = SessionOptions().arrangesChannels ? "INT8 MatMul" : "MatMul"
    #expect(try steps(model, inputs).contains(name))
  }

  @Test("products of matrices differ by one step at most", arguments: ["MatMul", "Gemm"])
  func product(type: String) throws {
    var sketch = Network()
    let data = sketch.dequantize(
      sketch.quantize(sketch.input("x", rank: type == "Gemm" ? 2 : 3), x), x)
    let scales = (0..<12).map { Float(1 + $0) / 512 }
    let weight = try sketch.integerWeight(
      type == "Gemm" ? [12, 20] : [20, 12], axis: type == "Gemm" ? 0 : 1, scales: scales)
    let bias = sketch.integerBias(
      (0..<12).map { Int32($0 * 1000 - 7000) }, scales: scales.map { $0 * x.scale })
    let product =
      type == "Gemm"
      ? sketch.add(type, data, weight, bias, attributes: [Attribute("transB", .int(1))])
      : sketch.add(type, data, weight)
    let model = sketch.model(sketch.quantize(product, y))
    let inputs = ["x": try floats(type == "Gemm" ? [7, 20] : [2, 7, 20])]
    #expect(try distance(model, inputs) <= 1)
    #expect(try steps(model, inputs).contains(self.product(type)))
  }
}

extension Tensor {
  fileprivate func scaled(by factor: Float) throws -> Tensor {
    Tensor(floats: try #require(floats).map { $0 * factor }, dimensions)
  }
}
