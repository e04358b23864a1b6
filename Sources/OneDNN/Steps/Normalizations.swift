internal import COneDNN
internal import Execution
internal import IR
internal import Kernels
internal import Operators
private import Glibc

extension Accelerator {
  /// Softmax along an axis of a row-major tensor.
  func softmax(_ runs: AxisRuns, isLogarithm: Bool) -> any FastStep {
    PreparedStep(self, readsLayouts: false) { [unowned self] (call) throws(ModelError) in
      guard let x = call.operands[0] else { return nil }
      let (outer, length, inner) = try runs.lengths(x.shape, label: call.label)
      // Of one element oneDNN's logarithm is nearly 0, not 0.
      guard length > 1, var layout = dnnl_memory_desc_t.rowMajor([outer, length, inner]) else {
        return nil
      }
      var operation = dnnl_softmax_desc_t()
      let status =
        isLogarithm
        ? dnnl_logsoftmax_forward_desc_init(&operation, dnnl_forward_inference, &layout, 1)
        : dnnl_softmax_forward_desc_init(&operation, dnnl_forward_inference, &layout, 1)
      guard status == dnnl_success, let primitive = Primitive(operation, engine) else {
        return nil
      }
      // A row with an infinity has no softmax, for which oneDNN gives 0.
      let reach =
        isLogarithm
        ? Reach(factor: .number(2), addend: .number(log(Double(length))), isLossy: true)
        : Reach(isLossy: true, ceiling: .greatestFiniteMagnitude, result: 1)
      return Prepared(
        primitive,
        operands: [
          Prepared.Operand(index: 0, argument: DNNL_ARG_SRC_0, given: layout, wanted: layout)
        ], result: layout, shape: x.shape, sharing: [0], reach: reach, self)
    }
  }

  /// Rows of a row-major tensor brought to mean 0 and variance 1, with constant scale and bias.
  func normalize(
    _ form: RowNormalizationForm, _ constants: [RuntimeTensor?]
  ) -> (any FastStep)? {
    normalizedRows(epsilon: form.epsilon, constants) { (call, rank) throws(ModelError) in
      try form.first(rank: rank, label: call.label)
    }
  }

  /// Rows along the last axis, as `normalize(_:_:)` does, when that is `axis`.
  func normalizedRows(
    epsilon: Float, axis: Int, _ constants: [RuntimeTensor?]
  ) -> (any FastStep)? {
    normalizedRows(epsilon: epsilon, constants) { (_, rank) throws(ModelError) in
      axis == -1 || axis == rank - 1 ? rank - 1 : nil
    }
  }

  /// - Parameter first: the first of the axes that make a row, for a rank; nil for none.
  private func normalizedRows(
    epsilon: Float, _ constants: [RuntimeTensor?],
    first: @escaping (FastCall, Int) throws(ModelError) -> Int?
  ) -> (any FastStep)? {
    let parameters = constants.dropFirst()
    guard parameters.allSatisfy({ $0?.elementType == .float }) else { return nil }
    return PreparedStep(self, readsLayouts: false) { [unowned self] (call) throws(ModelError) in
      guard let x = call.operands[0], !x.shape.isEmpty,
        let axis = try first(call, x.shape.count)
      else { return nil }
      let length = x.shape[axis...].reduce(1, *)
      guard parameters.allSatisfy({ $0?.count == length }),
        var layout = dnnl_memory_desc_t.rowMajor([x.shape[..<axis].reduce(1, *), length])
      else { return nil }
      var flags = dnnl_use_scale.rawValue
      if parameters.count > 1 { flags |= dnnl_use_shift.rawValue }
      var operation = dnnl_layer_normalization_desc_t()
      let status = dnnl_layer_normalization_forward_desc_init(
        &operation, dnnl_forward_inference, &layout, nil, epsilon, UInt32(flags))
      guard status == dnnl_success, let primitive = Primitive(operation, engine),
        let row = dnnl_memory_desc_t.rowMajor([length])
      else { return nil }
      var fixed: [(argument: Int32, memory: Memory)] = []
      for (argument, parameter) in zip([DNNL_ARG_SCALE, DNNL_ARG_SHIFT], parameters) {
        guard let parameter, let address = parameter.bytes.baseAddress,
          let memory = Memory(
            row, engine, fixed: Memory.Fixed(address: address, owner: parameter.owner))
        else { return nil }
        fixed.append((argument, memory))
      }
      return Prepared(
        primitive,
        operands: [
          Prepared.Operand(index: 0, argument: DNNL_ARG_SRC_0, given: layout, wanted: layout)
        ], fixed: fixed, result: layout, shape: x.shape, sharing: [0],
        reach: Self.reach(ofRows: length, Array(parameters)), self)
    }
  }

  /// Squares of deviations, which are at most twice the largest magnitude, must have a finite sum.
  ///
  /// - Parameter parameters: scale and bias.
  private static func reach(ofRows length: Int, _ parameters: [RuntimeTensor?]) -> Reach {
    let magnitudes = parameters.map { $0?.magnitude() ?? 0 }
    let largest = Double(length).squareRoot()
    return Reach(
      isLossy: true, ceiling: (Self.largestSum / (4 * Double(length))).squareRoot(),
      result: largest * (magnitudes.first ?? 1) + (magnitudes.dropFirst().first ?? 0))
  }

  private static let largestSum = 1e38

  /// Normalisation with stored statistics, on tensors in a layout of oneDNN's.
  ///
  /// - Parameter clamps: whether negative results become zero.
  func normalize(
    epsilon: Float, _ constants: [RuntimeTensor?], clamps: Bool
  ) -> (any FastStep)? {
    guard constants.count == 5 else { return nil }
    let parameters = constants.dropFirst().compactMap { constant -> RuntimeTensor? in
      guard let constant, constant.elementType == .float, constant.shape.count == 1 else {
        return nil
      }
      return constant
    }
    guard parameters.count == 4, Set(parameters.map(\.shape)).count == 1 else { return nil }
    return PreparedStep(self) { [unowned self] (call) throws(ModelError) in
      guard let x = call.operands[0], var layout = x.layout?.descriptor,
        x.shape.count >= 2, parameters[0].shape == [x.shape[1]]
      else { return nil }
      var operation = dnnl_batch_normalization_desc_t()
      var flags =
        dnnl_use_global_stats.rawValue | dnnl_use_scale.rawValue | dnnl_use_shift.rawValue
      if clamps { flags |= dnnl_fuse_norm_relu.rawValue }
      let status = dnnl_batch_normalization_forward_desc_init(
        &operation, dnnl_forward_inference, &layout, epsilon, UInt32(flags))
      guard status == dnnl_success, let primitive = Primitive(operation, engine) else {
        return nil
      }
      var fixed: [(argument: Int32, memory: Memory)] = []
      let arguments = [DNNL_ARG_SCALE, DNNL_ARG_SHIFT, DNNL_ARG_MEAN, DNNL_ARG_VARIANCE]
      for (argument, parameter) in zip(arguments, parameters) {
        guard let descriptor = parameter.descriptor, let address = parameter.bytes.baseAddress,
          let memory = Memory(
            descriptor, engine, fixed: Memory.Fixed(address: address, owner: parameter.owner))
        else { return nil }
        fixed.append((argument, memory))
      }
      return Prepared(
        primitive,
        operands: [
          Prepared.Operand(index: 0, argument: DNNL_ARG_SRC_0, given: layout, wanted: layout)
        ], fixed: fixed, result: layout, shape: x.shape, sharing: [0],
        reach: Self.reach(of: parameters, epsilon: epsilon, clamps: clamps), self)
    }
  }

  /// - Parameter parameters: scale, bias, mean and variance.
  private static func reach(
    of parameters: [RuntimeTensor], epsilon: Float, clamps: Bool
  ) -> Reach {
    var smallest = Double.infinity
    for variance in parameters[3].bytes.bindMemory(to: Float.self) {
      smallest = variance.isNaN ? .nan : min(smallest, Double(variance))
    }
    let factor = parameters[0].magnitude() / (smallest + Double(epsilon)).squareRoot()
    let offset = parameters[1].magnitude() + parameters[2].magnitude() * factor
    return Reach(
      factor: .number(factor), addend: .number(offset),
      after: clamps ? [.function(ElementFunction(.relu))] : [])
  }
}
