internal import COneDNN
internal import Execution
internal import IR
internal import Kernels
internal import Operators

extension Accelerator {
  /// A cotangent of a convolution.
  func backward(_ op: any BackwardConvolution, outputs: Int) -> any FastStep {
    SeveralStep { [unowned self] (call) throws(ModelError) in
      let shape = try op.shape(call.shapes)
      guard (1...3).contains(shape.window.rank), let g = call.operands[0]?.descriptor else {
        return nil
      }
      switch op.result {
      case .data: return self.backwardData(shape, g, call)
      case .weights: return self.backwardWeights(shape, g, call, hasBias: outputs > 1)
      }
    }
  }

  /// The lengths of a weight in oneDNN's terms: groups have an axis of their own.
  private func filter(_ shape: ConvolutionShape) -> [Int] {
    let rows = shape.outputChannels / shape.group, columns = shape.inputChannels / shape.group
    return (shape.group == 1 ? [] : [shape.group]) + [rows, columns] + shape.window.kernel
  }

  private func backwardData(
    _ shape: ConvolutionShape, _ g: dnnl_memory_desc_t, _ call: FastCall
  ) -> PreparedSeveral? {
    let window = shape.window
    let result = [shape.batch, shape.inputChannels] + window.input
    let lengths = filter(shape)
    guard call.operands[1]?.layout == nil, let given = dnnl_memory_desc_t.rowMajor(lengths),
      var target = dnnl_memory_desc_t.any(result), var weight = dnnl_memory_desc_t.any(lengths),
      var source = dnnl_memory_desc_t.any(shape.outputShape)
    else { return nil }
    var operation = dnnl_convolution_desc_t()
    let status = dnnl_dilated_convolution_backward_data_desc_init(
      &operation, dnnl_convolution_direct, &target, &weight, &source, window.strides.long,
      window.gaps, window.padsBegin.long, window.exactPadsEnd.long)
    guard status == dnnl_success, let primitive = Primitive(operation, engine),
      let wanted = primitive.layout(dnnl_query_diff_dst_md),
      let filter = primitive.layout(dnnl_query_weights_md),
      let made = primitive.layout(dnnl_query_diff_src_md)
    else { return nil }
    return PreparedSeveral(
      primitive,
      operands: [
        Prepared.Operand(index: 0, argument: DNNL_ARG_DIFF_DST_0, given: g, wanted: wanted),
        Prepared.Operand(index: 1, argument: DNNL_ARG_WEIGHTS_0, given: given, wanted: filter),
      ],
      results: [.init(argument: DNNL_ARG_DIFF_SRC_0, layout: made, shape: result)], self)
  }

  private func backwardWeights(
    _ shape: ConvolutionShape, _ g: dnnl_memory_desc_t, _ call: FastCall, hasBias: Bool
  ) -> PreparedSeveral? {
    let window = shape.window
    let lengths = filter(shape)
    guard let x = call.operands[1]?.descriptor, let plain = call.operands[2]?.shape,
      var data = dnnl_memory_desc_t.any([shape.batch, shape.inputChannels] + window.input),
      var weight = dnnl_memory_desc_t.any(lengths),
      var source = dnnl_memory_desc_t.any(shape.outputShape)
    else { return nil }
    var bias =
      hasBias
      ? dnnl_memory_desc_t.rowMajor([shape.outputChannels]) ?? dnnl_memory_desc_t()
      : dnnl_memory_desc_t()
    var operation = dnnl_convolution_desc_t()
    let status = dnnl_dilated_convolution_backward_weights_desc_init(
      &operation, dnnl_convolution_direct, &data, &weight, &bias, &source, window.strides.long,
      window.gaps, window.padsBegin.long, window.exactPadsEnd.long)
    guard status == dnnl_success, let primitive = Primitive(operation, engine),
      let wanted = primitive.layout(dnnl_query_diff_dst_md),
      let read = primitive.layout(dnnl_query_src_md),
      let made = primitive.layout(dnnl_query_diff_weights_md)
    else { return nil }
    var results = [
      PreparedSeveral.Result(argument: DNNL_ARG_DIFF_WEIGHTS_0, layout: made, shape: plain)
    ]
    if hasBias {
      results.append(
        .init(argument: DNNL_ARG_DIFF_BIAS, layout: bias, shape: [shape.outputChannels]))
    }
    return PreparedSeveral(
      primitive,
      operands: [
        Prepared.Operand(index: 0, argument: DNNL_ARG_DIFF_DST_0, given: g, wanted: wanted),
        Prepared.Operand(index: 1, argument: DNNL_ARG_SRC_0, given: x, wanted: read),
      ], results: results, self)
  }
}
