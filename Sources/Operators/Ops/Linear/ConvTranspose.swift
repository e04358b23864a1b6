package import IR
package import Kernels

/// Transposed convolution (https://onnx.ai/onnx/operators/onnx__ConvTranspose.html).
package struct ConvTranspose: Operator {
  package static let schema = Schema(
    "ConvTranspose", opsets: 1...28,
    signature: """
      1: (T, T, T?) -> T; <auto_pad: string = NOTSET, dilations: ints, group: int = 1,
        kernel_shape: ints, output_padding: ints, output_shape: ints, pads: ints,
        strides: ints>; T: floats
      22: T + bfloat16
      """)
  package let window: SlidingWindow
  package let group: Int
  private let outputPadding: [Int]?
  private let outputShape: [Int]?

  package static let traits = Traits(
    attributeDefaults: windowDefaults.adding(["output_padding": .ints([0])]))

  package var conditioning: Conditioning { .summing }

  package var computation: Computation? { .convolution(form, of: .plain) }

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    window = try SlidingWindow(node)
    group = try node.int("group", default: 1)
    guard group >= 1 else {
      throw node.mismatch("group", expected: "at least 1", found: "\(group)")
    }
    outputPadding = try Self.lengths(node, "output_padding", atLeast: 0)
    // Some exporters write the batch and channel lengths too; the spatial ones are the last.
    outputShape = try Self.lengths(node, "output_shape", atLeast: 1)
  }

  private static func lengths(
    _ node: NodeView, _ name: String, atLeast least: Int
  ) throws(ModelError) -> [Int]? {
    guard let values = try node.ints(name), !values.isEmpty else { return nil }
    for value in values where value < least || value > Int(Int32.max) {
      throw node.mismatch(name, expected: "values in [\(least), \(Int32.max)]", found: "\(value)")
    }
    return values
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    let mismatch: Mismatch = { inputs.mismatch($0, expected: $1, found: $2) }
    try inputs.requireRank(0, 3...Int.max)
    try inputs.requireRank(1, 3...Int.max)
    guard let x = inputs.shape(0), let w = inputs.shape(1) else {
      let rank = inputs.rank(0) ?? inputs.rank(1)
      return [
        Inferred(
          inputs.elementType(0),
          rank.map { Shape([Dimension](repeating: .unknown, count: $0)) })
      ]
    }
    try check(x, w, mismatch)
    inputs.equate(x[1], w[0])
    let rank = x.rank - 2
    try checkAttributes(rank, mismatch)
    if let data = x.known, let weights = w.known {
      let shape = try shape(x: data, weight: weights, mismatch)
      return [Inferred(inputs.elementType(0), Shape(shape.transposedOutputShape))]
    }
    let spatial = (0..<rank).map { axis in
      length(axis, rank, x[2 + axis], kernel: w[2 + axis])
    }
    return [Inferred(inputs.elementType(0), Shape([x[0], w[1] * .known(group)] + spatial))]
  }

  /// The length of a spatial axis of the output.
  private func length(
    _ axis: Int, _ rank: Int, _ x: Dimension, kernel: Dimension
  ) -> Dimension {
    if let outputShape { return .known(outputShape[outputShape.count - rank + axis]) }
    let stride = Dimension.known(window.strides(rank)[axis])
    if window.padding == .sameUpper || window.padding == .sameLower { return x * stride }
    let pads = window.pads(rank)
    let extent = (kernel - 1) * .known(window.dilations(rank)[axis]) + 1
    return stride * (x - 1) + extent
      + .known((outputPadding?[axis] ?? 0) - pads[axis] - pads[rank + axis])
  }

  private func check(_ x: Shape, _ w: Shape, _ mismatch: Mismatch) throws(ModelError) {
    guard x.rank >= 3 else { throw mismatch(0, "rank at least 3", "\(x)") }
    guard w.rank == x.rank else { throw mismatch(1, "rank \(x.rank)", "\(w)") }
    if let channels = x[1].value, let rows = w[0].value, channels != rows {
      throw mismatch(1, "\(channels) input channels, as x has", "\(rows)")
    }
    if let channels = w[0].value ?? x[1].value, channels % group != 0 {
      throw mismatch(0, "a number of channels that group \(group) divides", "\(channels)")
    }
    if let kernel = window.kernel, let actual = Shape(Array(w.dimensions.dropFirst(2))).known,
      kernel != actual
    {
      throw mismatch(1, "kernel \(kernel), as kernel_shape says", "\(actual)")
    }
  }

  private func checkAttributes(_ rank: Int, _ mismatch: Mismatch) throws(ModelError) {
    guard window.rank ?? rank == rank, outputPadding?.count ?? rank == rank,
      outputShape?.count ?? rank >= rank
    else {
      throw mismatch(0, "\(window.rank ?? rank) spatial axes, as the attributes say", "\(rank)")
    }
  }

  /// The lengths for inputs of known shapes; its window is that of the convolution that this is
  /// the transpose of.
  package func shape(
    x: [Int], weight w: [Int], _ mismatch: Mismatch
  ) throws(ModelError) -> ConvolutionShape {
    try check(Shape(x), Shape(w), mismatch)
    let rank = x.count - 2
    try checkAttributes(rank, mismatch)
    let pads = window.pads(rank), strides = window.strides(rank)
    var result = Window(
      input: [], kernel: Array(w.dropFirst(2)), strides: strides,
      dilations: window.dilations(rank), padsBegin: Array(pads.prefix(rank)),
      padsEnd: Array(pads.suffix(rank)), output: Array(x.dropFirst(2)))
    for axis in 0..<rank {
      let kernel = result.kernel[axis]
      guard let length = length(axis, rank, .known(x[2 + axis]), kernel: .known(kernel)).value,
        length > 0
      else {
        throw mismatch(0, "an output with positions along spatial axis \(axis)", "\(x)")
      }
      result.input.append(length)
      if outputShape != nil || window.padding == .sameUpper || window.padding == .sameLower {
        let whole =
          strides[axis] * (x[2 + axis] - 1) + (outputPadding?[axis] ?? 0)
          + (kernel - 1) * result.dilations[axis] + 1
        let total = max(0, whole - length)
        let begin = window.padding == .sameUpper ? total / 2 : total - total / 2
        result.padsBegin[axis] = begin
        result.padsEnd[axis] = total - begin
      }
    }
    guard let outputs = product(w[1], group) else {
      throw mismatch(1, "a number of output channels that fits", "\(w)")
    }
    return ConvolutionShape(
      batch: x[0], inputChannels: x[1], outputChannels: outputs, group: group, window: result)
  }

  /// The lengths for the inputs of an evaluation.
  package func shape(_ context: Evaluation) throws(ModelError) -> ConvolutionShape {
    let mismatch: Mismatch = { context.mismatch($0, expected: $1, found: $2) }
    let shape = try shape(
      x: context.input(0).shape, weight: context.input(1).shape, mismatch)
    if let bias = context.optional(2)?.shape, bias != [shape.outputChannels] {
      throw mismatch(2, "shape [\(shape.outputChannels)]", "\(bias)")
    }
    return shape
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let shape = try shape(context)
    try context.requireSpatialRank(shape.window)
    let x = try context.source(0), w = try context.source(1)
    let bias = context.optional(2) == nil ? nil : try context.source(2)
    let y = try context.output(0, context.input(0).elementType, shape.transposedOutputShape)
    guard convolveTransposed(shape, x, w, bias: bias, into: y) else {
      throw context.unsupportedTypes([0, 1, 2])
    }
  }

  package func linear(_ inputs: Inputs) -> LinearForm? { form }

  private var form: LinearForm {
    var form = LinearForm(
      .transposedConvolution, activation: 0, weight: 1, bias: LinearForm.Bias(2), output: 1,
      input: 0, along: 1, to: 1)
    form.groups = group
    // At the border fewer positions of the activation add up.
    form.readsPadding = true
    form.lengths = { x, weight in
      try? shape(x: x, weight: weight) {
        ModelError(.invalid, "input \($0): expected \($1), found \($2)")
      }
    }
    return form
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .convolution(form, inputs, outputs)
  }

  package func macs(_ inputs: Inputs, _ outputs: [TensorType]) -> Int? {
    guard let x = inputs.shape(0)?.elementCount.value,
      let row = inputs.shape(1)?.dimensions.dropFirst().reduce(Dimension.known(1), *).value
    else { return nil }
    return product(x, row)
  }

  package func resize(_ cut: Cut) throws(ModelError) -> [NodeEdit] {
    try remainingGroups(cut, group: group, x: 0).map { [.attribute("group", .int($0))] } ?? []
  }
}

extension ConvTranspose {
  package var gradient: Gradient {
    .rule { call throws(ModelError) in
      let g = try call.cotangent(0), x = try call.input(0), w = try call.input(1)
      let rank = try call.shape(1).rank - 2
      // The convolution that this is the transpose of goes from the result to the data.
      let attributes = try convolutionAttributes(call, rank)
      let data = g.apply(Conv.self, [w], attributes, as: x.type)
      let weight = call.builder.node(
        Inner.convolutionWeights, [x.id, g.id, w.id], attributes)
      let bias = call.has(2) ? g.sum([0] + (0..<rank).map { $0 + 2 }, keepsAxes: false) : nil
      return [data, Term(call.builder, weight, w.type), bias]
    }
  }

  /// Attributes of the convolution that this is the transpose of.
  private func convolutionAttributes(
    _ call: GradientCall, _ rank: Int
  ) throws(ModelError) -> [Attribute] {
    var pads = window.pads(rank)
    if outputShape != nil || window.padding == .sameUpper || window.padding == .sameLower {
      guard let x = call.facts.shape(0)?.known, let w = call.facts.shape(1)?.known else {
        throw call.unknown("the lengths of its operands")
      }
      let known = try shape(x: x, weight: w) { call.facts.mismatch($0, expected: $1, found: $2) }
      pads = known.window.padsBegin + known.window.padsEnd
    }
    return [
      Attribute("strides", .ints(window.strides(rank))),
      Attribute("dilations", .ints(window.dilations(rank))), Attribute("pads", .ints(pads)),
      Attribute("group", .int(group)),
    ]
  }
}
