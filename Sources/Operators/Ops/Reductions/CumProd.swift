package import IR
package import Kernels

/// Running products along an axis (https://onnx.ai/onnx/operators/onnx__CumProd.html).
package struct CumProd: RunningOperator {
  package static let schema = Schema(
    "CumProd", opsets: 26...28,
    signature: """
      26: (T, T2) -> T; <exclusive: int = 0, reverse: int = 0>;
        T: floats int32 int64 uint32 uint64 bfloat16; T2: int32 int64
      """)
  package let function = RunningFunction.product
  package let exclusive: Bool
  package let reverse: Bool

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    exclusive = try node.flag("exclusive")
    reverse = try node.flag("reverse")
  }
}

extension CumProd {
  /// A Scan whose state is the product so far.
  package var gradient: Gradient {
    .spelledOut { [exclusive, reverse] call throws(ModelError) in
      guard let axes = call.facts.knownIntegers(1), axes.count == 1 else {
        throw call.unknown("its axis")
      }
      let x = try call.input(0), axis = try call.axis(axes[0])
      let slice = x.slice(from: 0, to: 1, axis: axis).squeezed([axis])
      var shape = try call.shape(0)
      shape.dimensions.remove(at: axis)
      let type = TensorType(x.type.elementType, shape)
      let builder = call.builder
      let step = GraphBuilder(
        Graph(name: "step"), opset: builder.opset, isPortable: builder.isPortable,
        stem: builder.stem + "_in")
      let before = step.input("product", type), factor = step.input("factor", type)
      let after = (before * factor).typed(as: type)
      step.output("next", after)
      step.output("y", exclusive ? before : after)
      let place = AttributeValue.ints([axis]), way = AttributeValue.ints([reverse ? 1 : 0])
      let made = builder.node(
        Scan.schema.op, [slice.number(1).expanded(like: slice).id, x.id], bodies: [("body", step)],
        [
          Attribute("num_scan_inputs", .int(1)), Attribute("scan_input_axes", place),
          Attribute("scan_output_axes", place), Attribute("scan_input_directions", way),
          Attribute("scan_output_directions", way),
        ], outputs: 2)
      return [Term(builder, made[1], x.type)]
    }
  }
}
