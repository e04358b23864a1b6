internal import IR
internal import Operators

/// Where the indices along one axis of an input land along one axis of an output.
struct TracedLink {
  let from: Axis
  let to: Axis
  /// Pairs of an index of `from` and an index of `to` that stand and fall together.
  let pairs: [(label: Int, index: Int)]
  /// Indices of `to` whose slices mix moved elements with created ones.
  let mixed: [Int]
  /// The number of independent runs of channels that this reading leaves.
  let classes: Int
}

/// What tracing says of one axis of one input for one output.
struct TracedAxis {
  let from: Axis
  let output: Int
  /// The output axes on which the indices may be read.
  let readings: [TracedLink]
  /// The indices of `from` that reach the output at all.
  let present: [Int]
  /// Where `from` has length 1 and cannot shrink: slices of the output that hold its elements while
  /// others of the same axis do not, such as its place in a Concat.
  var pinned: [(axis: Axis, indices: [Int])] = []
}

/// Finds where an operator moves the elements of its inputs by running it on labels: integers that
/// say from which index along the traced axis an element comes, -1 for elements of other inputs
/// and for those the operator creates (PRUNING.md, rule 7).
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
      guard let labels = result.integers else { return traced }
      for axis in result.dimensions.indices where result.dimensions[axis] > 1 {
        let inner = result.dimensions[(axis + 1)...].reduce(1, *)
        var held = [Bool](repeating: false, count: result.dimensions[axis])
        for (place, label) in labels.enumerated() where label >= 0 {
          held[place / inner % held.count] = true
        }
        guard held.contains(false) else { continue }
        traced.pinned.append(
          (Axis(.output(output), axis), held.indices.filter { held[$0] }))
      }
      return traced
    }
  }

  private func trace(port: Int, axis: Int) throws(ModelError) -> [TracedAxis] {
    let from = Axis(.input(port), axis)
    return try results(port: port, axis: axis).enumerated().map { output, result in
      let present = Set(result.integers ?? []).filter { $0 >= 0 }.sorted()
      return TracedAxis(
        from: from, output: output, readings: readings(result, from: from, output: output),
        present: present)
    }
  }

  /// The outputs for labels along one axis.
  private func results(port: Int, axis: Int) throws(ModelError) -> [Tensor] {
    // Axes that pass untouched need only length 1; where the operator's constants name their
    // lengths (Reshape), it is run at full size.
    if let shrunk = try? run(port: port, axis: axis, shrinking: true) { return shrunk }
    return try run(port: port, axis: axis, shrinking: false)
  }

  private func run(port: Int, axis: Int, shrinking: Bool) throws(ModelError) -> [Tensor] {
    var tensors: [Tensor?] = []
    for index in 0..<inputs.count {
      guard let operand = inputs[index] else {
        tensors.append(nil)
        continue
      }
      if moved.contains(index) {
        guard let shape = operand.type.shape else { throw unknown(operand.name) }
        var lengths: [Int] = []
        for (place, dimension) in shape.dimensions.enumerated() {
          let passes = shrinking && passing.contains { $0.input == place }
          lengths.append(passes ? 1 : dimension.value ?? 1)
        }
        tensors.append(labels(lengths, axis: index == port ? axis : nil))
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
    let count = shape.reduce(1, *)
    guard let axis else {
      return Tensor(.int64, shape, Storage([Int64](repeating: -1, count: count)))
    }
    let inner = shape[(axis + 1)...].reduce(1, *)
    let length = shape[axis]
    let values = [Int64](unsafeUninitializedCapacity: count) { target, initialized in
      for index in 0..<count { target[index] = Int64(index / inner % length) }
      initialized = count
    }
    return Tensor(.int64, shape, Storage(values))
  }

  /// For each output axis, the labels that meet in each of its slices.
  private func readings(_ result: Tensor, from: Axis, output: Int) -> [TracedLink] {
    guard let labels = result.integers, let declared = outputs[output].shape,
      declared.rank == result.dimensions.count
    else { return [] }
    let length = (labels.max() ?? -1) + 1
    guard length > 0 else { return [] }
    var links: [TracedLink] = []
    for axis in result.dimensions.indices {
      let slices = result.dimensions[axis]
      // An axis that was shrunk for tracing passes by itself.
      guard slices > 1, declared[axis].value == slices else { continue }
      let inner = result.dimensions[(axis + 1)...].reduce(1, *)
      var seen = [Bool](repeating: false, count: slices * (length + 1))
      for (place, label) in labels.enumerated() {
        seen[place / inner % slices * (length + 1) + label + 1] = true
      }
      var pairs: [(label: Int, index: Int)] = []
      var mixed: [Int] = []
      var sets = UnionFind(count: length)
      var present = [Bool](repeating: false, count: length)
      for slice in 0..<slices {
        var first: Int?
        for label in 0..<length where seen[slice * (length + 1) + label + 1] {
          pairs.append((label, slice))
          present[label] = true
          if let first { sets.unite(first, label) } else { first = label }
        }
        if first != nil, seen[slice * (length + 1)] { mixed.append(slice) }
      }
      let classes = Set((0..<length).filter { present[$0] }.map { sets.root($0) }).count
      // One class: every slice holds every label, so this axis is another one's.
      if classes > 1 {
        links.append(
          TracedLink(
            from: from, to: Axis(.output(output), axis), pairs: pairs, mixed: mixed,
            classes: classes))
      }
    }
    return links
  }
}
