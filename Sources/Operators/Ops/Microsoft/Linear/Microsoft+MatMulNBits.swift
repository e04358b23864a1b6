package import IR
import Kernels

extension Microsoft {
  /// Product of stacks of matrices, of which B is stored in few bits: for each of N columns, blocks
  /// along K that share a scale. Inputs: A, B `[N, blocks, bytes]`, scales, zero-points (packed like
  /// B, or floats; the middle of the range where left out), indices of groups and a bias.
  package struct MatMulNBits: Operator {
    package static let schema = Schema(
      "MatMulNBits", domain: Microsoft.domain, opsets: 1...1,
      signature: """
        1: (T1, T2, T1, T3?, T4?, T1?) -> T1; <K: int!, N: int!, accuracy_level: int = 0, bits:
          int = 4, block_size: int!, weight_prepacked: int = 0>; T1: float float16 bfloat16; T2:
          uint8; T3: uint8 float16 float bfloat16; T4: int32
        """)
    package static let traits = Traits(auxiliaryInputs: [2, 3, 4], quantizedInputs: [1])
    let columns: Int
    let rows: Int
    let bits: Int
    let blockSize: Int

    package init(_ node: NodeView, opset: Int) throws(ModelError) {
      rows = try node.int("K")
      columns = try node.int("N")
      bits = try node.int("bits", default: 4)
      blockSize = try node.int("block_size")
      let limit = Int(Int32.max)
      for (name, value) in [("K", rows), ("N", columns), ("block_size", blockSize)]
      where value < 1 || value > limit {
        throw node.mismatch(name, expected: "a number in [1, \(limit)]", found: "\(value)")
      }
      guard [2, 4, 8].contains(bits) else {
        throw node.mismatch("bits", expected: "2, 4 or 8", found: "\(bits)")
      }
      let layout = try node.int("weight_prepacked", default: 0)
      guard layout == 0 else {
        throw ModelError(
          .unsupported, "\(node.label), attribute 'weight_prepacked': expected 0, found \(layout)")
      }
      guard !(node.inputs[safe: 4] ?? false) else {
        throw ModelError(.unsupported, "\(node.label), input 4: group indices are not supported")
      }
    }

    package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
      try inputs.requireRank(0, 1...Int.max)
      guard var shape = inputs.shape(0) else { return [Inferred(inputs.elementType(0), nil)] }
      if let length = shape[shape.rank - 1].value, length != rows {
        throw inputs.mismatch(0, expected: "\(rows) elements a row", found: "\(shape)")
      }
      shape[shape.rank - 1] = .known(columns)
      return [Inferred(inputs.elementType(0), shape)]
    }

    package func evaluate(_ context: inout Evaluation) throws(ModelError) {
      let x = try context.source(0)
      guard x.scalar == .float, x.shape.last == rows else {
        throw context.mismatch(
          0, expected: "float with \(rows) elements a row",
          found: "\(TensorType(try context.input(0).elementType, x.shape))")
      }
      let weight = try unpacked(context)
      let shape = x.shape.dropLast() + [columns]
      var product = MatrixProductShape(
        m: x.shape.dropLast().reduce(1, *), n: columns, k: rows)
      product.transposedB = true
      let y = try context.output(0, context.input(0).elementType, Array(shape))
      _ = matrixProduct(product, x, weight.source, into: y)
      guard context.optional(5) != nil else { return }
      let bias = try context.source(5)
      guard bias.shape == [columns],
        binary(.add, Source(.float, y.shape, UnsafeRawBufferPointer(y.bytes)), bias, into: y)
      else {
        throw context.mismatch(5, expected: "shape [\(columns)]", found: "shape \(bias.shape)")
      }
    }

    /// B as floats, transposed.
    private func unpacked(_ context: Evaluation) throws(ModelError) -> Scratch {
      let blocks = (rows + blockSize - 1) / blockSize
      let packed = try context.input(1)
      let bytes = (blockSize * bits + 7) / 8
      guard packed.elementType == .uint8,
        packed.bytes.count == checkedProduct([columns, blocks, bytes])
      else {
        throw context.mismatch(
          1, expected: "uint8[\(columns),\(blocks),\(bytes)]",
          found: "\(TensorType(packed.elementType, packed.shape))")
      }
      let scales = try context.floats(2).array(of: Float.self)
      guard scales.count == columns * blocks else {
        throw context.mismatch(
          2, expected: "\(columns * blocks) scales", found: "\(scales.count)")
      }
      let zeros = try zeroPoints(context, blocks)
      let weight = try Scratch(.float, [columns, rows], label: context.label)
      unpackBlocks(
        packed.bytes, bits: bits, columns: columns, rows: rows, blockSize: blockSize,
        scales: scales, zeroPoints: zeros, into: weight.target)
      return weight
    }

    /// One zero-point a block.
    private func zeroPoints(_ context: Evaluation, _ blocks: Int) throws(ModelError) -> [Float] {
      guard let given = context.optional(3) else {
        return [Float](repeating: Float(1 << (bits - 1)), count: columns * blocks)
      }
      guard given.elementType == .uint8 else {
        let values = try context.floats(3).array(of: Float.self)
        guard values.count == columns * blocks else {
          throw context.mismatch(
            3, expected: "\(columns * blocks) zero-points", found: "\(values.count)")
        }
        return values
      }
      let bytes = (blocks * bits + 7) / 8
      guard given.bytes.count == columns * bytes else {
        throw context.mismatch(
          3, expected: "\(columns * bytes) bytes", found: "\(given.bytes.count)")
      }
      return unpackRows(given.bytes, bits: bits, rows: columns, length: blocks)
    }

    package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
      .barrier("weights are packed in blocks of few bits")
    }

    package func linear(_ inputs: Inputs) -> LinearForm? {
      var form = LinearForm(
        .product, activation: 0, weight: 1, bias: LinearForm.Bias(5), output: 0, input: nil,
        along: -1, to: -1)
      form.isPlain = false
      return form
    }

    package func quantization(_ inputs: Inputs) -> QuantizationForm {
      .float(reason: "its weight is quantized already")
    }

    package func macs(_ inputs: Inputs, _ outputs: [TensorType]) -> Int? {
      outputs.first?.shape?.elementCount.value.flatMap { product($0, rows) }
    }
  }
}

extension Microsoft.MatMulNBits {
  package var gradient: Gradient { .none("its weight is made of integers") }
}
