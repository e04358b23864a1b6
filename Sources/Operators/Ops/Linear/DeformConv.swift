package import IR
import Kernels

/// Convolution whose window reads at shifted positions
/// (https://onnx.ai/onnx/operators/onnx__DeformConv.html).
///
/// Inputs: x, weight, offsets, bias and mask. Offsets and mask have the output's spatial axes.
package struct DeformConv: Operator {
  package static let schema = Schema(
    "DeformConv", opsets: 19...28,
    signature: """
      19: (T, T, T, T?, T?) -> T; <dilations: ints, group: int = 1, kernel_shape: ints,
        offset_group: int = 1, pads: ints, strides: ints>; T: floats
      22: T + bfloat16
      """)
  package static let traits = Traits(auxiliaryInputs: [2, 4], attributeDefaults: windowDefaults)
  let geometry: ConvolutionGeometry
  /// How many groups of channels have offsets of their own.
  let offsetGroups: Int

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    geometry = try ConvolutionGeometry(node, bias: 3)
    offsetGroups = try node.int("offset_group", default: 1)
    guard offsetGroups >= 1 else {
      throw node.mismatch("offset_group", expected: "at least 1", found: "\(offsetGroups)")
    }
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    [Inferred(inputs.elementType(0), try geometry.infer(inputs))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let shape = try geometry.shape(context)
    let window = shape.window
    let x = try context.source(0), w = try context.source(1)
    let offsets = try context.source(2)
    let mask = context.optional(4) == nil ? nil : try context.source(4)
    guard shape.inputChannels % offsetGroups == 0 else {
      throw context.mismatch(
        0, expected: "a multiple of \(offsetGroups) channels", found: "shape \(x.shape)")
    }
    let taps = offsetGroups * window.kernelCount
    let wanted = [shape.batch, taps * window.rank] + window.output
    guard offsets.shape == wanted else {
      throw context.mismatch(2, expected: "shape \(wanted)", found: "shape \(offsets.shape)")
    }
    let wantedMask = [shape.batch, taps] + window.output
    guard mask == nil || mask?.shape == wantedMask else {
      throw context.mismatch(
        4, expected: "shape \(wantedMask)", found: "shape \(mask?.shape ?? [])")
    }
    let rows = shape.inputChannels * window.kernelCount
    let columns = try Scratch(x.scalar, [rows, window.outputCount], label: context.label)
    let y = try context.output(0, context.input(0).elementType, shape.outputShape)
    let group = geometry.group
    var product = MatrixProductShape(
      m: shape.outputChannels / group, n: window.outputCount, k: rows / group)
    product.batchesA = Array(0..<group)
    product.batchesB = Array(0..<group)
    for sample in 0..<shape.batch {
      let result = part(y, sample, of: shape.batch)
      guard
        deformedColumns(
          window, channels: shape.inputChannels, groups: offsetGroups,
          part(x, sample, of: shape.batch), offsets: part(offsets, sample, of: shape.batch),
          mask: mask.map { part($0, sample, of: shape.batch) }, into: columns.target),
        matrixProduct(product, w, columns.source, into: result)
      else { throw context.unsupportedTypes([0, 1, 2]) }
    }
    guard context.optional(3) != nil else { return }
    let bias = try context.source(3)
    let spread = [shape.outputChannels] + [Int](repeating: 1, count: window.rank)
    let sum = Source(y.scalar, y.shape, UnsafeRawBufferPointer(y.bytes))
    guard binary(.add, sum, Source(bias.scalar, spread, bias.bytes), into: y) else {
      throw context.unsupportedTypes([0, 3])
    }
  }

  /// One of `count` equal parts of the elements.
  private func part(_ x: Source, _ index: Int, of count: Int) -> Source {
    let size = x.bytes.count / count
    let bytes = UnsafeRawBufferPointer(rebasing: x.bytes[index * size..<(index + 1) * size])
    return Source(x.scalar, Array(x.shape.dropFirst()), bytes)
  }

  private func part(_ y: Target, _ index: Int, of count: Int) -> Target {
    let size = y.bytes.count / count
    let bytes = UnsafeMutableRawBufferPointer(rebasing: y.bytes[index * size..<(index + 1) * size])
    return Target(y.scalar, Array(y.shape.dropFirst()), bytes)
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    var rule = geometry.channels(inputs, outputs)
    guard rule.barrier == nil else { return rule }
    // Offsets belong to equal groups of the input's channels.
    if offsetGroups > 1 {
      rule.relations.append(.blocks(Axis(.input(0), 1), count: offsetGroups))
    }
    return rule
  }

  package func linear(_ inputs: Inputs) -> LinearForm? {
    var form = geometry.linear()
    // Where a window reads, its offsets tell.
    form.lengths = { _, _ in nil }
    form.readsPadding = true
    return form
  }

  package func macs(_ inputs: Inputs, _ outputs: [TensorType]) -> Int? {
    geometry.macs(inputs, outputs)
  }

  package func resize(_ cut: Cut) throws(ModelError) -> [NodeEdit] { try geometry.resize(cut) }
}

extension DeformConv {
  package var gradient: Gradient { .none("its derivative is not written") }
}
