package import IR
private import Kernels

/// The norm of each window (https://onnx.ai/onnx/operators/onnx__LpPool.html).
package struct LpPool: Pool {
  package static let schema = Schema(
    "LpPool", opsets: 2...28,
    signature: """
      2: (T) -> T; <auto_pad: string = NOTSET, kernel_shape: ints!, p: int = 2, pads: ints,
        strides: ints>; T: floats
      18: <auto_pad: string = NOTSET, ceil_mode: int = 0, dilations: ints, kernel_shape: ints!,
        p: int = 2, pads: ints, strides: ints>
      22: T + bfloat16
      """)
  package let window: SlidingWindow
  private let p: Int

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    window = try SlidingWindow(node, requiresKernel: true)
    p = try node.norm()
  }

  package static let traits = Traits(
    isHomogeneous: true, attributeDefaults: windowDefaults)

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    [Inferred(inputs.elementType(0), try inferShape(inputs))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let window = try window(context)
    let x = try context.source(0)
    let shape = Array(x.shape.prefix(2) + window.output)
    let y = try context.output(0, context.input(0).elementType, shape)
    guard normPool(window, planes: x.shape[0] * x.shape[1], p: p, x, into: y) else {
      throw context.unsupportedTypes([0])
    }
  }
}

extension NodeView {
  /// The attribute that says which norm is meant.
  func norm() throws(ModelError) -> Int {
    let p = try int("p", default: 2)
    guard p >= 1 else { throw mismatch("p", expected: "1 or more", found: "\(p)") }
    return p
  }
}

extension LpPool {
  /// A convolution of powers with ones.
  package var gradient: Gradient {
    .spelledOut { [window, p] call throws(ModelError) in
      guard let kernel = window.kernel, !window.roundsUp,
        let channels = try call.shape(0).dimensions[safe: 1]?.value
      else { throw call.unknown("the number of channels, and no window that is not whole") }
      let x = try call.input(0)
      let ones = x.number(1).apply(
        Expand.self, [call.builder.integers([channels, 1] + kernel)],
        as: TensorType(
          x.type.elementType, Shape([.known(channels), 1] + kernel.map { .known($0) })))
      let names: Set = ["auto_pad", "dilations", "kernel_shape", "pads", "strides"]
      let own = call.node.attributes.filter { names.contains($0.name) }
      let id = call.builder.node(
        Conv.schema.op, [x.abs.power(x.number(Double(p))).id, ones.id],
        own + [Attribute("group", .int(channels))])
      return [Term(call.builder, id, call.types[0]).power(x.number(1 / Double(p)))]
    }
  }
}

extension LpPool {
  package static let revisions: [Revision] = [
    .additive(11),
    .additive(18),
  ]
}
