package import IR
private import Kernels

/// Optimizers of ONNX's training preview: learning rate and number of the step, then lists of
/// tensors to learn, their gradients and whatever state the rule keeps. The outputs are the learned
/// tensors and the state.
package protocol TrainingStep: Operator {
  /// The number of lists, gradients included.
  static var lists: Int { get }

  /// Updates one element: its value, gradient and state. The gradient is not read afterwards.
  ///
  /// - Parameters:
  ///   - rate: the learning rate.
  ///   - count: how many steps went before.
  func step(rate: Double, count: Int, _ element: inout [Double])
}

extension TrainingStep {
  /// The number of tensors to learn.
  private func tensors(_ inputs: Int, label: String) throws(ModelError) -> Int {
    guard inputs > 2, (inputs - 2) % Self.lists == 0 else {
      throw ModelError(
        .invalid,
        "\(label): expected \(Self.lists) inputs a tensor after the first 2, found \(inputs - 2)")
    }
    return (inputs - 2) / Self.lists
  }

  /// The input that each output is the next value of.
  private func origins(_ tensors: Int) -> [Int] {
    (0..<Self.lists).filter { $0 != 1 }.flatMap { list in
      (0..<tensors).map { 2 + list * tensors + $0 }
    }
  }

  package var isFoldable: Bool { false }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    origins(try tensors(inputs.count, label: inputs.label)).map { Inferred(inputs.type($0)) }
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let tensors = try tensors(context.inputs.count, label: context.label)
    guard let rate = try context.number(0), let count = try context.integer(1) else {
      throw context.mismatch(0, expected: "a rate and a number of steps", found: "none")
    }
    let targets = origins(tensors)
    for tensor in 0..<tensors {
      let inputs = (0..<Self.lists).map { 2 + $0 * tensors + tensor }
      var values: [[Double]] = []
      for input in inputs {
        values.append(try context.numbers(input))
        try context.require(
          values.last?.count == values[0].count, input, "\(values[0].count) elements")
      }
      var element = [Double](repeating: 0, count: Self.lists)
      for i in values[0].indices {
        for list in element.indices { element[list] = values[list][i] }
        step(rate: rate, count: count, &element)
        for list in element.indices { values[list][i] = element[list] }
      }
      for (list, input) in inputs.enumerated() {
        guard let output = targets.firstIndex(of: input), context.wants(output) else { continue }
        let view = try context.input(input)
        try context.write(values[list], output: output, view.elementType, view.shape)
      }
    }
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .barrier("training steps are not pruned")
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm {
    .float(reason: "training steps are not quantized")
  }
}

extension TrainingStep {
  package var gradient: Gradient { .none("it is a step of training itself") }
}
