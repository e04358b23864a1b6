internal import IR
internal import Operators

/// Finds where an operator moves the elements of its inputs by running it on labels: integers that
/// say from which index along the traced axis an element comes, -1 for elements of other inputs
/// and for those the operator creates (pruning.md, rule 7).
struct LabelTracing {
  let op: any Operator
  let inputs: Inputs
  let outputs: [TensorType]
  let moved: [Int]
  let passing: [(input: Int, output: Int)]

  /// All readings of each traced axis; an axis may land on several output axes.
  func axes() throws(ModelError) -> [TracedAxis] {
    var axes: [TracedAxis] = []
    for port in moved {
      guard let shape = inputs.shape(port) else { continue }
      for axis in shape.dimensions.indices {
        guard let length = shape[axis].value, length > 1 else {
          if shape[axis].value == 1, !passing.contains(where: { $0.input == axis }) {
            axes += try pins(port: port, axis: axis)
          }
          continue
        }
        if passing.contains(where: { $0.input == axis }) {
          for pair in passing where pair.input == axis {
            axes += outputs.indices.map { straight(port, pair, length: length, $0) }
          }
        } else {
          axes += try trace(port: port, axis: axis)
        }
      }
    }
    return axes
  }

  /// An axis that goes through unchanged.
  private func straight(
    _ port: Int, _ pair: (input: Int, output: Int), length: Int, _ output: Int
  ) -> TracedAxis {
    let from = Axis(.input(port), pair.input)
    var readings: [TracedLink] = []
    if let shape = outputs[output].shape, pair.output < shape.rank,
      shape[pair.output].value == length
    {
      readings = [
        TracedLink(
          from: from, to: Axis(.output(output), pair.output), pairs: (0..<length).map { ($0, $0) },
          mixed: [], classes: length)
      ]
    }
    return TracedAxis(from: from, output: output, readings: readings, present: Array(0..<length))
  }

  /// What an axis of length 1 pins.
  private func pins(port: Int, axis: Int) throws(ModelError) -> [TracedAxis] {
    let from = Axis(.input(port), axis)
    return try results(port: port, axis: axis).enumerated().map { output, result in
      var traced = TracedAxis(from: from, output: output, readings: [], present: [])
      result.withLabels { labels in
        // Where nothing was created and nothing else moved, every slice holds its elements.
        guard labels.contains(where: { $0 < 0 }) else { return }
        for axis in result.dimensions.indices where result.dimensions[axis] > 1 {
          let slices = AxisSpan(result.dimensions, axis: axis)
          let held = (0..<slices.length).filter { slices.contains($0, in: labels) { $0 >= 0 } }
          if held.count < slices.length {
            traced.pinned.append((Axis(.output(output), axis), held))
          }
        }
      }
      return traced
    }
  }

  private func trace(port: Int, axis: Int) throws(ModelError) -> [TracedAxis] {
    let from = Axis(.input(port), axis)
    guard let length = inputs.shape(port)?[axis].value else { return [] }
    return try results(port: port, axis: axis).enumerated().map { output, result in
      var traced = TracedAxis(from: from, output: output, readings: [], present: [])
      result.withLabels { labels in
        var present = [Bool](repeating: false, count: length)
        for label in labels where label >= 0 && label < length { present[Int(label)] = true }
        traced.present = present.indices.filter { present[$0] }
        traced.readings = readings(
          labels, result.dimensions, present: present, from: from, output: output)
      }
      return traced
    }
  }

  /// The outputs for labels along one axis.
  private func results(port: Int, axis: Int) throws(ModelError) -> [Tensor] {
    // Axes that pass untouched need only length 1; where the operator's constants name their
    // lengths (Reshape), it is run at full size.
    if let shrunk = try? run(port: port, axis: axis, shrinking: true), isShrunk(shrunk) {
      return shrunk
    }
    return try run(port: port, axis: axis, shrinking: false)
  }

  /// Whether results are the outputs with length 1 where axes pass. A target of Reshape with -1 may
  /// take labels of any number, and then moves them to other places.
  private func isShrunk(_ results: [Tensor]) -> Bool {
    zip(results, outputs).allSatisfy { result, output in
      guard let shape = output.shape, shape.rank == result.dimensions.count else { return false }
      return shape.dimensions.indices.allSatisfy { axis in
        let passes = passing.contains { $0.output == axis }
        return result.dimensions[axis] == (passes ? 1 : shape[axis].value ?? 1)
      }
    }
  }

  private func run(port: Int, axis: Int, shrinking: Bool) throws(ModelError) -> [Tensor] {
    try evaluate { (index, operand) throws(ModelError) in
      guard moved.contains(index) else { return nil }
      guard let shape = operand.type.shape else { throw unknown(operand.name) }
      var lengths: [Int] = []
      for (place, dimension) in shape.dimensions.enumerated() {
        let passes = shrinking && passing.contains { $0.input == place }
        lengths.append(passes ? 1 : dimension.value ?? 1)
      }
      return labels(lengths, axis: index == port ? axis : nil)
    }
  }

  /// The outputs for labels in the place of some operands; the others must be known.
  private func evaluate(
    _ labels: (Int, Operand) throws(ModelError) -> Tensor?
  ) throws(ModelError) -> [Tensor] {
    var tensors: [Tensor?] = []
    for index in 0..<inputs.count {
      guard let operand = inputs[index] else {
        tensors.append(nil)
        continue
      }
      if let labels = try labels(index, operand) {
        tensors.append(labels)
      } else {
        guard let constant = operand.constant ?? bound(operand) else { throw unknown(operand.name) }
        tensors.append(constant)
      }
    }
    guard
      let results = try evaluateConstant(
        op, label: inputs.label, inputs: tensors, outputs: outputs.count, createdLabel: -1)
    else { throw unknown("its result") }
    return results
  }

  /// A shape that is computed in the graph, with every symbol at 1 as in the labels.
  private func bound(_ operand: Operand) -> Tensor? {
    guard let data = operand.data, let shape = operand.type.shape?.known else { return nil }
    let values = data.compactMap { dimension in
      dimension.expression.flatMap { expression in
        expression.evaluated(Dictionary(uniqueKeysWithValues: expression.symbols.map { ($0, 1) }))
      }
    }
    return values.count == data.count ? Tensor(int64: values, shape) : nil
  }

  private func unknown(_ name: String) -> ModelError {
    ModelError(.unsupported, "\(inputs.label): '\(name)' is not known before the model runs")
  }

  private func labels(_ shape: [Int], axis: Int?) -> Tensor {
    guard let axis else {
      let storage = Storage(
        uninitializedCount: shape.reduce(1, *) * MemoryLayout<Int64>.stride
      ) { $0.bindMemory(to: Int64.self).initialize(repeating: -1) }
      return Tensor(.int64, shape, storage)
    }
    return Tensor(labelling: shape, along: axis)
  }

  /// What becomes of labels in the place of input 0, the only one that moves.
  func move(_ labels: Tensor) throws(ModelError) -> Tensor {
    let results = try evaluate { index, _ in index == 0 ? labels : nil }
    guard let result = results.first else { throw unknown("its result") }
    return result
  }
}
