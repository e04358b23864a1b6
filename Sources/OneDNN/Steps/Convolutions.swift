internal import COneDNN
internal import Execution
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

  /// The same window with its last axes put first, where there is one position along them: a column
  /// becomes a row, of which primitives work on many positions at a time. Nil where nothing changes.
  var turned: Window? {
    let flat = (0..<rank).reversed().prefix {
      input[$0] == 1 && kernel[$0] == 1 && output[$0] == 1
    }
    guard !flat.isEmpty, flat.count < rank else { return nil }
    let order = flat.reversed() + (0..<rank - flat.count)
    func turn(_ values: [Int]) -> [Int] { order.map { values[$0] } }
    return Window(
      input: turn(input), kernel: turn(kernel), strides: turn(strides),
      dilations: turn(dilations), padsBegin: turn(padsBegin), padsEnd: turn(padsEnd),
      output: turn(output))
  }
}

extension Array where Element == Int {
  var long: [Int64] { map { Int64($0) } }
}

extension Accelerator {
  /// A convolution of the step's inputs 0 and 1, plus input 2.
  func convolution(
    _ form: LinearForm, _ weights: Weights, _ finish: Finish
  ) -> PreparedStep.Prepare {
    let finish = folded(weights, finish)
    return { [unowned self] (call) throws(ModelError) in
      guard let data = call.operands[0], let weight = call.operands[safe: 1] ?? nil,
        let type = dnnl_data_type_t(data.elementType),
        let shape = form.convolution(activation: data.shape, weight: weight.shape),
        fits(call, weights, shape)
      else { return nil }
      guard (1...3).contains(shape.window.rank), let x = data.descriptor else { return nil }
      if case .none = finish, let turned = shape.window.turned,
        let made = self.columns(call, shape, turned, weights)
      {
        return made
      }
      let window = shape.window
      let rows = shape.outputChannels / shape.group, columns = shape.inputChannels / shape.group
      let lengths =
        shape.group == 1
        ? [rows, columns] + window.kernel : [shape.group, rows, columns] + window.kernel
      let filterType = type == dnnl_f32 ? dnnl_f32 : dnnl_s8
      let result = finish.type(for: type)
      guard let given = dnnl_memory_desc_t.rowMajor(lengths, filterType),
        let source = dnnl_memory_desc_t.any(
          [shape.batch, shape.inputChannels] + window.input, type),
        let target = dnnl_memory_desc_t.any(shape.outputShape, result),
        let filter = dnnl_memory_desc_t.any(lengths, filterType)
      else { return nil }
      var operands = WindowedOperands(
        x: x, source: source, given: given, filter: filter,
        bias: self.bias(weights, shape.outputChannels, type), target: target,
        shape: shape.outputShape)
      // Channels that lie next to each other stay so: nothing needs to be moved.
      if x.isChannelsLast, let last = dnnl_memory_desc_t.channelsLast(shape.outputShape, result) {
        let others = operands
        operands.source = x
        operands.target = last
        let operation = Self.convolution(&operands, window)
        if operation.flatMap({ Primitive.target(of: $0, engine, fast: true) }) == nil {
          operands = others
        }
      }
      return self.prepared(operands, call, weights, finish) { Self.convolution(&$0, window) }
    }
  }

  /// A convolution over pictures one position wide, which are taken for pictures one position high;
  /// nil where oneDNN has no fast code for that.
  private func columns(
    _ call: FastCall, _ shape: ConvolutionShape, _ window: Window, _ weights: Weights
  ) -> Prepared? {
    guard let data = call.operands[0], data.elementType == .float, shape.group == 1 else {
      return nil
    }
    // Axes of length 1 change places without any element doing so.
    let lengths = [shape.batch, shape.inputChannels] + window.input
    var x = data.layout == nil ? dnnl_memory_desc_t.rowMajor(lengths) : nil
    if data.layout?.descriptor.isChannelsLast ?? false { x = .channelsLast(lengths) }
    let weightLengths = [shape.outputChannels, shape.inputChannels] + window.kernel
    let output = [shape.batch, shape.outputChannels] + window.output
    guard let x, let source = dnnl_memory_desc_t.channelsLast(lengths),
      let given = dnnl_memory_desc_t.rowMajor(weightLengths),
      let filter = dnnl_memory_desc_t.any(weightLengths),
      let target = dnnl_memory_desc_t.channelsLast(output),
      let shown = dnnl_memory_desc_t.channelsLast(shape.outputShape)
    else { return nil }
    var operands = WindowedOperands(
      x: x, source: source, given: given, filter: filter,
      bias: bias(weights, shape.outputChannels, dnnl_f32), target: target,
      shape: shape.outputShape)
    operands.shown = shown
    guard
      let operation = Self.convolution(&operands, window),
      Primitive.target(of: operation, engine, fast: true) != nil
    else { return nil }
    return prepared(operands, call, weights, .none) { Self.convolution(&$0, window) }
  }

  private static func convolution(
    _ operands: inout WindowedOperands, _ window: Window
  ) -> dnnl_convolution_desc_t? {
    var operation = dnnl_convolution_desc_t()
    let status = dnnl_dilated_convolution_forward_desc_init(
      &operation, dnnl_forward_inference, dnnl_convolution_direct, &operands.source,
      &operands.filter, &operands.bias, &operands.target, window.strides.long, window.gaps,
      window.padsBegin.long, window.exactPadsEnd.long)
    return status == dnnl_success ? operation : nil
  }

  func transposedConvolution(
    _ form: LinearForm, _ weights: Weights, _ finish: Finish
  ) -> any FastStep {
    PreparedStep(self) { [unowned self] (call) throws(ModelError) in
      guard let data = call.operands[0], let weight = call.operands[safe: 1] ?? nil,
        let shape = form.convolution(activation: data.shape, weight: weight.shape),
        fits(call, weights, shape)
      else { return nil }
      let window = shape.window
      guard (1...3).contains(window.rank), let x = data.descriptor else { return nil }
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
        let source = dnnl_memory_desc_t.any(
          [shape.batch, shape.inputChannels] + window.output),
        let target = dnnl_memory_desc_t.any(shape.transposedOutputShape),
        let filter = dnnl_memory_desc_t.any(lengths)
      else { return nil }
      let operands = WindowedOperands(
        x: x, source: source, given: given, filter: filter,
        bias: self.bias(weights, shape.outputChannels, dnnl_f32), target: target,
        shape: shape.transposedOutputShape)
      return self.prepared(operands, call, weights, finish) { operands in
        var operation = dnnl_deconvolution_desc_t()
        let status = dnnl_dilated_deconvolution_forward_desc_init(
          &operation, dnnl_forward_inference, dnnl_deconvolution_direct, &operands.source,
          &operands.filter, &operands.bias, &operands.target, window.strides.long, window.gaps,
          window.padsBegin.long, window.exactPadsEnd.long)
        return status == dnnl_success ? operation : nil
      }
    }
  }

  /// Takes factors and offsets that come first into weights that are constant.
  private func folded(_ weights: Weights, _ finish: Finish) -> Finish {
    guard case .chain(let after) = finish, case .affine(let factor, let offset)? = after.first,
      weights.fold(factor: factor, offset: offset)
    else { return finish }
    return after.count == 1 ? .none : .chain(Array(after.dropFirst()))
  }

  /// Whether the bias, where there is one, has an element for each channel of the output.
  private func fits(_ call: FastCall, _ weights: Weights, _ shape: ConvolutionShape) -> Bool {
    guard weights.isGiven(2), let bias = call.operands[safe: 2] ?? nil else { return true }
    return bias.count == shape.outputChannels
  }

  /// The bias of a convolution; zeros stand for none.
  private func bias(
    _ weights: Weights, _ channels: Int, _ type: dnnl_data_type_t
  ) -> dnnl_memory_desc_t {
    guard weights.addsBias || weights.isGiven(2) else { return dnnl_memory_desc_t() }
    return .rowMajor([channels], type == dnnl_f32 ? dnnl_f32 : dnnl_s32) ?? dnnl_memory_desc_t()
  }

  /// Puts a convolution's operands where its primitive wants them.
  private func prepared<Operation>(
    _ given: WindowedOperands, _ call: FastCall, _ weights: Weights, _ finish: Finish,
    _ describe: (inout WindowedOperands) -> Operation?
  ) -> Prepared? {
    var operands = given
    var following: PostOperations?
    let terms = operands.given.lengths.reduce(1, *) / max(1, operands.shape[1])
    var reach = weights.reach(terms: terms)
    switch finish {
    case .none: break
    case .chain(let after):
      reach.after = after
      guard let plain = describe(&operands), let target = Primitive.target(of: plain, engine),
        let made = PostOperations(after, call, target: target, shape: operands.shape, self)
      else { return nil }
      operands.target = target
      following = made
    case .integer(let operation):
      guard let made = PostOperations(operation, axis: 1) else { return nil }
      following = made
    case .sums(let zero):
      guard let made = PostOperations(sourceZero: zero) else { return nil }
      following = made
    }
    reach.prepare(call)
    guard let operation = describe(&operands),
      let primitive = Primitive(operation, engine, after: following),
      let source = primitive.layout(dnnl_query_src_md),
      let wanted = primitive.layout(dnnl_query_weights_md),
      let target = primitive.layout(dnnl_query_dst_md)
    else { return nil }
    var inputs = [
      Prepared.Operand(index: 0, argument: DNNL_ARG_SRC_0, given: operands.x, wanted: source)
    ]
    var fixed: [(argument: Int32, memory: Memory)] = []
    var parameters = [(1, DNNL_ARG_WEIGHTS_0, operands.given, wanted)]
    if operands.bias.ndims > 0 {
      parameters.append((2, DNNL_ARG_BIAS, operands.bias, operands.bias))
    }
    for (index, argument, given, wanted) in parameters {
      if weights.has(index) || weights.addsBias {
        guard let memory = weights.memory(index, given: given, wanted: wanted) else { return nil }
        fixed.append((argument, memory))
      } else {
        guard call.operands[index]?.arrangement == nil else { return nil }
        inputs.append(
          Prepared.Operand(index: index, argument: argument, given: given, wanted: wanted))
      }
    }
    return Prepared(
      primitive, operands: inputs, fixed: fixed, result: target, shown: operands.shown,
      shape: operands.shape, after: following,
      reach: operands.x.data_type == dnnl_f32 ? reach : nil,
      self)
  }
}

/// The operands of a convolution or its transpose, in oneDNN's terms.
private struct WindowedOperands {
  /// How the data come, and how they should.
  var x: dnnl_memory_desc_t
  var source: dnnl_memory_desc_t
  /// How the weight comes, and how it should.
  var given: dnnl_memory_desc_t
  var filter: dnnl_memory_desc_t
  var bias: dnnl_memory_desc_t
  var target: dnnl_memory_desc_t
  /// The shape of the output.
  var shape: [Int]
  /// The arrangement of the output with the axes of `shape`, where the primitive's are others.
  var shown: dnnl_memory_desc_t?
}
