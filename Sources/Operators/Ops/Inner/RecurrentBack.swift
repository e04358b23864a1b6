package import IR
import Kernels

/// The cotangents of what a recurrent layer reads: of its inputs but the lengths, in their order.
/// Inputs 0 to 7 are the layer's own, 8 to 10 the cotangents of its outputs, which may be left out.
/// Attributes are those of the layer.
package struct RecurrentBack: InnerOperator {
  package static let schema = Schema(
    "RecurrentBack", domain: Inner.domain, opsets: 1...1, inputs: 3...11, outputs: 1...7)
  /// The layer's input that each output is the cotangent of.
  package static let slots = [0, 1, 2, 3, 5, 6, 7]
  private let layer: any Recurrent

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    let subject = try node.innerSubject(
      inputs: [Bool](repeating: true, count: 3), outputs: [true, true])
    guard let layer = subject as? any Recurrent, !type(of: layer).isQuantized else {
      throw node.mismatch("of", expected: "a recurrent layer", found: "another operator")
    }
    self.layer = layer
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    Self.slots.map { Inferred(inputs.type($0)) }
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let space = ScratchSpace()
    defer { space.release() }
    let settings = layer.settings
    let x = try context.source(0), r = try context.source(2)
    try context.require(x.shape.count == 3 && r.shape.count == 3, 0, "rank 3")
    let order = settings.batchFirst ? [1, 0, 2] : [0, 1, 2]
    let sequence = space.copy(x, order: order)
    let steps = sequence.shape[0], batch = sequence.shape[1]
    let lengths = try context.integers(4) ?? [Int](repeating: steps, count: batch)
    let fits = lengths.count == batch && lengths.allSatisfy { (0...steps).contains($0) }
    try context.require(fits, 4, "\(batch) lengths in [0, \(steps)]")
    var ofSequence = [Double](repeating: 0, count: x.count)
    let targets = try Self.slots.enumerated().map { output, slot throws(ModelError) -> Target? in
      guard context.wants(output) else { return nil }
      guard let view = context.optional(slot) else {
        // Nobody reads the cotangent of what the layer does not have.
        _ = try context.output(output, context.input(0).elementType, [0])
        return nil
      }
      return try context.output(output, view.elementType, view.shape)
    }
    for (place, isReverse) in settings.directions.enumerated() {
      let parts = RecurrentParts(space, place, isBatchFirst: settings.batchFirst)
      let recurrence = Recurrence(
        cell: layer.cell, steps: steps, batch: batch, input: x.shape[2], hidden: r.shape[2],
        functions: settings.functions[place], limit: settings.limit, isReverse: isReverse,
        lengths: lengths)
      let (operands, cotangents) = try parts.read(context, parts.doubles(sequence.source))
      guard recurrence.fits(operands, cotangents) else {
        throw context.unsupportedTypes([0, 1, 2])
      }
      let found = recurrence.gradient(operands, cotangents)
      for index in found.x.indices { ofSequence[index] += found.x[index] }
      let own = [found.w, found.r, found.bias, found.state, found.cellState, found.peepholes]
      for (numbers, output) in zip(own, 1...) {
        parts.write(numbers ?? [], to: targets[output], axis: output == 4 || output == 5)
      }
    }
    guard let target = targets[0] else { return }
    let whole = space.tensor(ofSequence, sequence.shape, target.scalar)
    stridedWrite(whole, to: target, order)
  }

  private func stridedWrite(_ tensor: ScratchTensor, to target: Target, _ order: [Int]) {
    let space = ScratchSpace()
    defer { space.release() }
    target.bytes.copyMemory(from: space.copy(tensor.source, order: order).source.bytes)
  }
}

/// What of a layer's tensors belongs to one direction.
private struct RecurrentParts {
  private let space: ScratchSpace
  private let place: Int
  private let isBatchFirst: Bool

  init(_ space: ScratchSpace, _ place: Int, isBatchFirst: Bool) {
    (self.space, self.place, self.isBatchFirst) = (space, place, isBatchFirst)
  }

  func doubles(_ source: Source) -> [Double] {
    let wide = space.convert(source, to: .double).source
    return Array(wide.bytes.bindMemory(to: Double.self))
  }

  /// The operands and cotangents of the direction.
  func read(
    _ context: Evaluation, _ x: [Double]
  ) throws(ModelError) -> (Recurrence.Numbers, Recurrence.Cotangents) {
    func part(_ index: Int, axis: Int = 0) throws(ModelError) -> [Double]? {
      guard context.optional(index) != nil else { return nil }
      let source = try context.source(index)
      try context.require(
        source.shape.count > axis && source.shape[axis] > place, index, "its axes")
      return doubles(space.slice(place, of: source, axis: axis).source)
    }
    let stateAxis = isBatchFirst ? 1 : 0
    var operands = Recurrence.Numbers(x: x, w: try part(1) ?? [], r: try part(2) ?? [])
    (operands.bias, operands.peepholes) = (try part(3), try part(7))
    operands.state = try part(5, axis: stateAxis)
    operands.cellState = try part(6, axis: stateAxis)
    var cotangents = Recurrence.Cotangents()
    if context.optional(8) != nil {
      let y = try context.source(8)
      try context.require(y.shape.count == 4, 8, "rank 4")
      let own = space.slice(place, of: y, axis: isBatchFirst ? 2 : 1)
      cotangents.y = doubles(
        space.copy(own.source, order: isBatchFirst ? [1, 0, 2] : [0, 1, 2]).source)
    }
    cotangents.state = try part(9, axis: stateAxis)
    cotangents.cellState = try part(10, axis: stateAxis)
    return (operands, cotangents)
  }

  /// Puts numbers where the direction's lie.
  ///
  /// - Parameter isState: whether directions lie along the axis of states.
  func write(_ numbers: [Double], to target: Target?, axis isState: Bool) {
    guard let target else { return }
    let axis = isState && isBatchFirst ? 1 : 0
    var shape = target.shape
    shape.remove(at: axis)
    guard shape.reduce(1, *) == numbers.count else { return }
    space.tensor(numbers, shape, target.scalar).write(to: target, place, axis: axis, turned: false)
  }
}

extension ScratchSpace {
  /// Numbers as a tensor of an element type.
  fileprivate func tensor(_ numbers: [Double], _ shape: [Int], _ scalar: Scalar) -> ScratchTensor {
    numbers.withUnsafeBytes { convert(Source(.double, shape, $0), to: scalar) }
  }
}

extension Recurrence {
  /// Whether all have as many elements as the layer's lengths ask for.
  fileprivate func fits(_ operands: Numbers, _ cotangents: Cotangents) -> Bool {
    let rows = cell.gates * hidden, state = batch * hidden
    let counts: [([Double]?, Int)] = [
      (operands.x, steps * batch * input), (operands.w, rows * input),
      (operands.r, rows * hidden), (operands.bias, 2 * rows), (operands.peepholes, 3 * hidden),
      (operands.state, state), (operands.cellState, state), (cotangents.y, steps * state),
      (cotangents.state, state), (cotangents.cellState, state),
    ]
    return counts.allSatisfy { $0.0 == nil || $0.0?.count == $0.1 }
  }
}
