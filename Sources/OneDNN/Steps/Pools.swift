internal import COneDNN
internal import Execution
internal import IR
internal import Kernels
internal import Operators

extension Accelerator {
  func pool(_ form: PoolForm) -> any FastStep {
    switch (form.kind, form.window) {
    case (.maximum, let window?): PreparedStep(self, largest(window))
    case (.average(let includesPadding), let window?): average(window, includesPadding)
    case (.maximum, nil): globalPool(dnnl_pooling_max)
    case (.average, nil): globalAverage()
    }
  }

  /// The largest element of each window.
  func largest(_ window: SlidingWindow) -> PreparedStep.Prepare {
    { [unowned self] (call) throws(ModelError) in
      self.pool(dnnl_pooling_max, try window.pooling(call.shapes), call)
    }
  }

  private func average(_ window: SlidingWindow, _ includesPadding: Bool) -> any FastStep {
    PreparedStep(self) { [unowned self] (call) throws(ModelError) in
      let window = try window.pooling(call.shapes)
      // Where a last window is cut, oneDNN counts more padding than ONNX.
      if includesPadding, zip(window.exactPadsEnd, window.padsEnd).contains(where: { $0 > $1 }) {
        return nil
      }
      return self.pool(
        includesPadding ? dnnl_pooling_avg_include_padding : dnnl_pooling_avg_exclude_padding,
        window, call)
    }
  }

  func globalPool(_ algorithm: dnnl_alg_kind_t) -> any FastStep {
    PreparedStep(self) { [unowned self] (call) throws(ModelError) in
      let shape = call.operands[0]?.shape ?? []
      guard (3...5).contains(shape.count) else { return nil }
      let plane = Array(shape.dropFirst(2)), rank = plane.count
      let zeros = [Int](repeating: 0, count: rank), ones = [Int](repeating: 1, count: rank)
      return self.pool(
        algorithm,
        Window(
          input: plane, kernel: plane, strides: ones, dilations: ones, padsBegin: zeros,
          padsEnd: zeros, output: ones), call)
    }
  }

  private func pool(
    _ algorithm: dnnl_alg_kind_t, _ window: Window, _ call: FastCall
  ) -> Prepared? {
    guard let x = call.operands[0], (1...3).contains(window.rank), x.shape.count >= 3,
      var source = x.descriptor,
      var target = dnnl_memory_desc_t.any(x.shape.prefix(2) + window.output, source.data_type)
    else { return nil }
    // Bytes are pooled fast where channels lie side by side.
    let given = source
    if given.data_type != dnnl_f32,
      let last = dnnl_memory_desc_t.channelsLast(x.shape, given.data_type), arrangesChannels
    {
      source = last
    }
    // A window wholly in the padding has no largest element for oneDNN.
    let ends = window.exactPadsEnd
    for axis in 0..<window.rank {
      let extent = (window.kernel[axis] - 1) * window.dilations[axis] + 1
      guard window.padsBegin[axis] < extent, ends[axis] < extent,
        window.dilations[axis] == 1 || ends[axis] <= 0
      else { return nil }
    }
    var operation = dnnl_pooling_v2_desc_t()
    let status = dnnl_pooling_v2_forward_desc_init(
      &operation, dnnl_forward_inference, algorithm, &source, &target, window.strides.long,
      window.kernel.long, window.gaps, window.padsBegin.long, ends.long)
    guard status == dnnl_success, let primitive = Primitive(operation, engine),
      let result = primitive.layout(dnnl_query_dst_md)
    else { return nil }
    return Prepared(
      primitive,
      operands: [
        Prepared.Operand(index: 0, argument: DNNL_ARG_SRC_0, given: given, wanted: source)
      ], result: result, shape: x.shape.prefix(2) + window.output,
      reach: source.data_type == dnnl_f32 ? Reach(isLossy: algorithm == dnnl_pooling_max) : nil,
      self)
  }
}
