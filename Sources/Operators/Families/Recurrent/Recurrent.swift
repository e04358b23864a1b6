package import IR
package import Kernels

/// Layers that carry a state from step to step of a sequence: RNN, GRU and LSTM.
///
/// Inputs: the sequence, its weights, the state's weights, bias, lengths of the sequences, first
/// state, and for LSTM the first state of the cell and peephole weights. Outputs: the state after
/// each step, the last state and, for LSTM, that of the cell.
package protocol Recurrent: Operator {
  var cell: Recurrence.Cell { get }
  var settings: RecurrentSettings { get }
  /// Whether weights are 8-bit integers, their rows and columns exchanged, with scales and
  /// zero-points in four more inputs. False by default.
  static var isQuantized: Bool { get }
}

/// The lengths of a recurrent layer's axes.
private struct RecurrentLengths<Length> {
  var steps, batch, input, hidden: Length
}

extension Recurrent {
  package static var isQuantized: Bool { false }

  /// Bias, first states and peepholes.
  package static var zeroInputs: Set<Int> { [3, 5, 6, 7] }

  package static var traits: Traits { Traits(zeroInputs: zeroInputs) }

  package var computation: Computation? {
    Self.isQuantized ? nil : .recurrence(cell, settings)
  }

  private var directions: Int { settings.directions.count }
  /// The axis of the state's weights that counts the units.
  private static var unitAxis: Int { isQuantized ? 1 : 2 }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    for index in 0..<3 { try inputs.requireRank(index, 3...3) }
    let units = inputs.shape(2)?[Self.unitAxis]
    let known = units?.value ?? settings.hiddenSize
    let x = inputs.shape(0)
    let input = x?[2] ?? inputs.shape(1)?[Self.unitAxis] ?? .unknown
    let lengths = RecurrentLengths(
      steps: x?[settings.batchFirst ? 1 : 0] ?? .unknown,
      batch: x?[settings.batchFirst ? 0 : 1] ?? .unknown, input: input,
      hidden: known.map { .known($0) } ?? units ?? .unknown)
    for (index, wanted) in shapes(lengths, rows: lengths.hidden * .known(cell.gates)) {
      guard let shape = inputs.shape(index) else { continue }
      for (found, wanted) in zip(shape.dimensions, wanted) { inputs.equate(found, wanted) }
      let fits =
        shape.rank == wanted.count
        && zip(shape.dimensions, wanted).allSatisfy { found, wanted in
          guard let a = found.value, let b = wanted.value else { return true }
          return a == b
        }
      guard fits else {
        throw inputs.mismatch(index, expected: "shape \(Shape(wanted))", found: "\(shape)")
      }
    }
    let type = inputs.elementType(0), count = Dimension.known(directions)
    let state =
      settings.batchFirst
      ? [lengths.batch, count, lengths.hidden] : [count, lengths.batch, lengths.hidden]
    let all =
      settings.batchFirst
      ? [lengths.batch, lengths.steps, count, lengths.hidden]
      : [lengths.steps, count, lengths.batch, lengths.hidden]
    let last = Inferred(type, Shape(state))
    return [Inferred(type, Shape(all)), last] + (Self.schema.outputs.upperBound > 2 ? [last] : [])
  }

  /// The shape of each input but the sequence.
  private func shapes(
    _ lengths: RecurrentLengths<Dimension>, rows: Dimension
  ) -> [(input: Int, shape: [Dimension])] {
    let count = Dimension.known(directions), (hidden, batch) = (lengths.hidden, lengths.batch)
    let state = settings.batchFirst ? [batch, count, hidden] : [count, batch, hidden]
    return [
      (1, [count] + turned([rows, lengths.input])), (2, [count] + turned([rows, hidden])),
      (3, [count, rows * 2]),
      (4, [batch]), (5, state), (6, state), (7, [count, hidden * 3]),
    ]
  }

  private func turned(_ lengths: [Dimension]) -> [Dimension] {
    Self.isQuantized ? lengths.reversed() : lengths
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let x = try context.source(0)
    try context.require(x.shape.count == 3, 0, "rank 3")
    let r = try context.source(2)
    try context.require(r.shape.count == 3, 2, "rank 3")
    let lengths = RecurrentLengths(
      steps: x.shape[settings.batchFirst ? 1 : 0], batch: x.shape[settings.batchFirst ? 0 : 1],
      input: x.shape[2], hidden: r.shape[Self.unitAxis])
    if let size = settings.hiddenSize {
      try context.require(
        size == lengths.hidden,
        2, "\(size) along axis \(Self.unitAxis), as hidden_size says")
    }
    let symbols = RecurrentLengths<Dimension>(
      steps: .known(lengths.steps), batch: .known(lengths.batch), input: .known(lengths.input),
      hidden: .known(lengths.hidden))
    let type = try context.input(0).elementType
    for (index, shape) in shapes(symbols, rows: symbols.hidden * .known(cell.gates)) {
      guard let view = context.optional(index) else { continue }
      try context.require(view.shape == Shape(shape).known, index, "shape \(Shape(shape))")
      let isOther = index == 4 || Self.isQuantized && (1...2).contains(index)
      guard isOther || view.elementType == type else {
        throw context.unsupportedTypes([0, index])
      }
    }
    let given = try context.integers(4)
    if let given {
      let fits = given.allSatisfy { (0...lengths.steps).contains($0) }
      try context.require(fits, 4, "lengths in [0, \(lengths.steps)]")
    }
    try run(context, lengths, given ?? [Int](repeating: lengths.steps, count: lengths.batch))
  }

  private func run(
    _ context: Evaluation, _ lengths: RecurrentLengths<Int>, _ counts: [Int]
  ) throws(ModelError) {
    let (steps, batch, hidden) = (lengths.steps, lengths.batch, lengths.hidden)
    let type = try context.input(0).elementType
    let state = settings.batchFirst ? [batch, directions, hidden] : [directions, batch, hidden]
    let all =
      settings.batchFirst
      ? [batch, steps, directions, hidden] : [steps, directions, batch, hidden]
    let targets = [
      try context.output(0, type, all), try context.output(1, type, state),
      context.outputs.count > 2 ? try context.output(2, type, state) : nil,
    ]
    let scalar = try context.scalar(type)
    _ = try context.checkedCount([steps, batch, cell.gates * hidden])
    let space = ScratchSpace()
    defer { space.release() }
    let sequence = try context.source(0)
    let x = space.copy(sequence, order: settings.batchFirst ? [1, 0, 2] : [0, 1, 2])
    let stateAxis = settings.batchFirst ? 1 : 0
    for (place, reverse) in settings.directions.enumerated() {
      let y = space.zeros(scalar, [steps, batch, hidden])
      let last = space.zeros(scalar, [batch, hidden])
      let cellState = space.zeros(scalar, [batch, hidden])
      func part(_ index: Int, axis: Int = 0) throws(ModelError) -> Source? {
        guard context.optional(index) != nil else { return nil }
        return space.slice(place, of: try context.source(index), axis: axis).source
      }
      func weight(_ index: Int) throws(ModelError) -> Recurrence.Weight {
        guard let source = try part(index) else { throw context.unsupportedTypes([index]) }
        guard Self.isQuantized else { return .plain(source) }
        let parameters = index == 1 ? 8 : 10
        return .dynamic(
          try space.dynamicProduct(
            source, direction: place, of: directions, scale: parameters, zeroPoint: parameters + 1,
            context))
      }
      let w = try weight(1), r = try weight(2)
      let operands = Recurrence.Operands(
        x: x.source, w: w, r: r, bias: try part(3), peepholes: try part(7),
        state: try part(5, axis: stateAxis), cellState: try part(6, axis: stateAxis))
      let layer = Recurrence(
        cell: cell, steps: steps, batch: batch, input: lengths.input, hidden: hidden,
        functions: settings.functions[place], limit: settings.limit, isReverse: reverse,
        lengths: counts)
      guard
        layer.run(operands, y: y.target, state: last.target, cellState: cellState.target)
      else { throw context.unsupportedTypes([0, 1, 2]) }
      y.write(to: targets[0], place, axis: settings.batchFirst ? 2 : 1, turned: settings.batchFirst)
      last.write(to: targets[1], place, axis: stateAxis, turned: false)
      cellState.write(to: targets[2], place, axis: stateAxis, turned: false)
    }
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm {
    Self.isQuantized ? .isInteger : .free(inputs: [0])
  }

  package func macs(_ inputs: Inputs, _ outputs: [TensorType]) -> Int? {
    guard let x = inputs.shape(0)?.known, let w = inputs.shape(1)?.known,
      let r = inputs.shape(2)?.known, x.count == 3, w.count == 3, r.count == 3,
      let weights = checkedProduct(w), let states = checkedProduct(r),
      let positions = checkedProduct([x[0], x[1]])
    else { return nil }
    return product(positions, weights &+ states)
  }
}

extension Recurrent {
  package var gradient: Gradient {
    guard !Self.isQuantized else { return .none("it computes with integers") }
    return .rule { call throws(ModelError) in
      let inputs = (0..<8).map { index in
        (call.node.inputs[safe: index] ?? nil).map {
          Term(call.builder, $0, call.facts.type(index))
        }
      }
      let given = (0..<3).map { call.cotangents[safe: $0] ?? nil }
      let made = call.builder.inner(
        Inner.recurrent, inputs + given, of: call.node, outputs: RecurrentBack.slots.count)
      var cotangents = [Term?](repeating: nil, count: call.node.inputs.count)
      for (term, slot) in zip(made, RecurrentBack.slots) where call.has(slot) {
        cotangents[slot] = term.typed(as: call.facts.type(slot))
      }
      return cotangents
    }
  }
}
