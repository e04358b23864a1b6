internal import COneDNN
internal import IR
internal import Kernels
internal import Operators

extension Window {
  /// Padding at the ends that gives exactly `output` positions.
  var exactPadsEnd: [Int] {
    (0..<rank).map { axis in
      (output[axis] - 1) * strides[axis] + (kernel[axis] - 1) * dilations[axis] + 1 - input[axis]
        - padsBegin[axis]
    }
  }

  /// oneDNN counts the positions that a dilated kernel leaves out.
  var gaps: [Int64] { dilations.map { Int64($0 - 1) } }
}

extension Array where Element == Int {
  var long: [Int64] { map { Int64($0) } }
}

extension Accelerator {
  func convolution(_ op: Conv, _ weights: Weights) -> any FastStep {
    PreparedStep { [unowned self] (call) throws(ModelError) in
      let shape = try op.geometry.shape(call.shapes)
      guard (1...3).contains(shape.window.rank), let x = call.operands[0]?.descriptor else {
        return nil
      }
      let window = shape.window
      let rows = shape.outputChannels / shape.group, columns = shape.inputChannels / shape.group
      let filter =
        shape.group == 1
        ? [rows, columns] + window.kernel : [shape.group, rows, columns] + window.kernel
      guard let given = dnnl_memory_desc_t.rowMajor(filter),
        let source = dnnl_memory_desc_t.any(
          [shape.batch, shape.inputChannels] + window.input),
        let target = dnnl_memory_desc_t.any(shape.outputShape),
        let filter = dnnl_memory_desc_t.any(filter)
      else { return nil }
      let bias = call.operands[safe: 2] ?? nil
      guard
        let primitive = self.convolution(
          source, filter, bias == nil ? nil : .rowMajor([shape.outputChannels]), target, window)
      else { return nil }
      return self.prepared(
        primitive, call, weights, x: x, filter: given, bias: bias?.descriptor,
        shape: shape.outputShape)
    }
  }

  private func convolution(
    _ source: dnnl_memory_desc_t, _ filter: dnnl_memory_desc_t, _ bias: dnnl_memory_desc_t?,
    _ target: dnnl_memory_desc_t, _ window: Window
  ) -> Primitive? {
    var (source, filter, target) = (source, filter, target)
    var operation = dnnl_convolution_desc_t()
    // A descriptor of zeros stands for no bias.
    var bias = bias ?? dnnl_memory_desc_t()
    let status = dnnl_dilated_convolution_forward_desc_init(
      &operation, dnnl_forward_inference, dnnl_convolution_direct, &source, &filter, &bias,
      &target, window.strides.long, window.gaps, window.padsBegin.long, window.exactPadsEnd.long)
    return status == dnnl_success ? Primitive(operation, engine) : nil
  }

  /// Puts a convolution's operands where its primitive wants them.
  private func prepared(
    _ primitive: Primitive, _ call: FastCall, _ weights: Weights, x: dnnl_memory_desc_t,
    filter: dnnl_memory_desc_t, bias: dnnl_memory_desc_t?, shape: [Int]
  ) -> Prepared? {
    guard let source = primitive.layout(dnnl_query_src_md),
      let wanted = primitive.layout(dnnl_query_weights_md),
      let target = primitive.layout(dnnl_query_dst_md)
    else { return nil }
    var operands = [
      Prepared.Operand(index: 0, argument: DNNL_ARG_SRC_0, given: x, wanted: source)
    ]
    var fixed: [(argument: Int32, memory: Memory)] = []
    var parameters = [(1, DNNL_ARG_WEIGHTS_0, filter, wanted)]
    if let bias { parameters.append((2, DNNL_ARG_BIAS, bias, bias)) }
    for (index, argument, given, wanted) in parameters {
      if weights.has(index) {
        guard let memory = weights.memory(index, given: given, wanted: wanted) else { return nil }
        fixed.append((argument, memory))
      } else {
        guard call.operands[index]?.layout == nil else { return nil }
        operands.append(
          Prepared.Operand(index: index, argument: argument, given: given, wanted: wanted))
      }
    }
    return Prepared(
      primitive, operands: operands, fixed: fixed, result: target, shape: shape, self)
  }

  func transposedConvolution(_ op: ConvTranspose, _ weights: Weights) -> any FastStep {
    PreparedStep { [unowned self] (call) throws(ModelError) in
      let shape = try op.shape(call.shapes)
      let window = shape.window
      guard (1...3).contains(window.rank), let x = call.operands[0]?.descriptor else { return nil }
      let (group, rank) = (shape.group, window.rank)
      let rows = shape.outputChannels / group, columns = shape.inputChannels / group
      // The model has [group·columns, rows, …], the primitive asks for [group, rows, columns, …].
      let plane = window.kernelCount
      let kernel = strides(of: window.kernel)
      var lengths = [rows, columns] + window.kernel
      var steps = [plane, rows * plane] + kernel
      if group > 1 {
        lengths.insert(group, at: 0)
        steps.insert(columns * rows * plane, at: 0)
      }
      guard rank == kernel.count, let given = dnnl_memory_desc_t.strided(lengths, steps),
        var source = dnnl_memory_desc_t.any(
          [shape.batch, shape.inputChannels] + window.output),
        var target = dnnl_memory_desc_t.any(shape.transposedOutputShape),
        var filter = dnnl_memory_desc_t.any(lengths)
      else { return nil }
      let bias = call.operands[safe: 2] ?? nil
      var addend = bias?.descriptor ?? dnnl_memory_desc_t()
      var operation = dnnl_deconvolution_desc_t()
      let status = dnnl_dilated_deconvolution_forward_desc_init(
        &operation, dnnl_forward_inference, dnnl_deconvolution_direct, &source, &filter, &addend,
        &target, window.strides.long, window.gaps, window.padsBegin.long,
        window.exactPadsEnd.long)
      guard status == dnnl_success, let primitive = Primitive(operation, engine) else {
        return nil
      }
      return self.prepared(
        primitive, call, weights, x: x, filter: given, bias: bias?.descriptor,
        shape: shape.transposedOutputShape)
    }
  }
}
