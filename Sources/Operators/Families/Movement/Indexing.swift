package import IR
private import Kernels

extension Evaluation {
  /// For each element of the indices (input `index`), the offset in a tensor of the given shape of
  /// the element that GatherElements reads and ScatterElements writes.
  package func elementOffsets(
    _ index: Int, in shape: [Int], axis: Int
  ) throws(ModelError) -> [Int] {
    let lengths = try input(index).shape
    var places = try requiredIntegers(index)
    guard lengths.count == shape.count,
      lengths.indices.allSatisfy({ $0 == axis || lengths[$0] <= shape[$0] })
    else {
      throw mismatch(index, expected: "indices of a shape within \(shape)", found: "\(lengths)")
    }
    let length = shape[axis]
    if let place = places.first(where: { $0 < -length || $0 >= length }) {
      throw mismatch(
        index, expected: "indices in [-\(length), \(length - 1)]", found: "\(place)")
    }
    let layout = strides(of: shape)
    let last = lengths.count - 1
    // Along the last axis only its own coordinate changes.
    let step = last == axis ? 0 : layout[last]
    var coordinates = [Int](repeating: 0, count: lengths.count)
    var first = 0
    for start in stride(from: 0, to: places.count, by: max(1, lengths[last])) {
      for i in 0..<lengths[last] {
        let place = places[start + i]
        places[start + i] = first + i * step + (place < 0 ? place + length : place) * layout[axis]
      }
      var other = last - 1
      while other >= 0 {
        let width = other == axis ? 0 : layout[other]
        coordinates[other] += 1
        first += width
        guard coordinates[other] == lengths[other] else { break }
        first -= lengths[other] * width
        coordinates[other] = 0
        other -= 1
      }
    }
    return places
  }

  /// For each tuple of indices (input `index`), the offset of the slice that it points to in a
  /// tensor of the given shape, whose first `batch` axes go along with those of the indices.
  package func tupleOffsets(
    _ index: Int, in shape: [Int], batch: Int = 0
  ) throws(ModelError) -> (offsets: [Int], run: Int) {
    let lengths = try input(index).shape
    let places = try requiredIntegers(index)
    guard let depth = lengths.last, batch >= 0, batch < lengths.count, batch <= shape.count,
      depth >= 0, batch + depth <= shape.count, lengths[..<batch] == shape[..<batch]
    else {
      throw mismatch(index, expected: "tuples of indices into \(shape)", found: "\(lengths)")
    }
    let layout = strides(of: shape)
    let run = shape[(batch + depth)...].reduce(1, *)
    let tuples = lengths.dropLast().reduce(1, *)
    let block = shape[batch...].reduce(1, *)
    let perBatch = lengths[batch..<lengths.count - 1].reduce(1, *)
    var offsets: [Int] = []
    offsets.reserveCapacity(tuples)
    for tuple in 0..<tuples {
      var offset = tuple / perBatch * block
      for level in 0..<depth {
        let place = places[tuple * depth + level]
        let length = shape[batch + level]
        guard place >= -length, place < length else {
          throw mismatch(
            index, expected: "indices in [-\(length), \(length - 1)]", found: "\(place)")
        }
        offset += (place < 0 ? place + length : place) * layout[batch + level]
      }
      offsets.append(offset)
    }
    return (offsets, run)
  }

  /// Writes output 0 with runs of elements of input 0 at the given offsets.
  package func gather(_ offsets: [Int], run: Int, shape: [Int]) throws(ModelError) {
    let x = try input(0)
    let width = try elementWidth()
    let y = try bytes(x.elementType, shape)
    guard let from = x.bytes.baseAddress, let to = y.baseAddress, y.count > 0 else { return }
    gatherRuns(offsets, run: run, width: width, from: from, to: to)
  }

  /// Writes output 0 with input 0, in which runs of elements at the given offsets are replaced by
  /// or combined with those of the updates (input 2).
  package func scatter(
    _ offsets: [Int], run: Int, reduction: ScatterMode
  ) throws(ModelError) {
    let x = try input(0)
    let updates = try input(2)
    let width = try elementWidth()
    guard updates.elementType == x.elementType, updates.count == offsets.count * run else {
      throw mismatch(
        2, expected: "\(offsets.count * run) elements of type \(x.elementType)",
        found: "\(TensorType(updates.elementType, updates.shape))")
    }
    let y = try bytes(x.elementType, x.shape)
    y.copyMemory(from: x.bytes)
    guard let to = y.baseAddress, let from = updates.bytes.baseAddress, updates.count > 0 else {
      return
    }
    let kernel: ScatterReduction
    switch reduction {
    case .none: return scatterRuns(offsets, run: run, width: width, from: from, to: to)
    case .add: kernel = .add
    case .mul: kernel = .multiply
    case .min: kernel = .minimum
    case .max: kernel = .maximum
    }
    let scalar = try scalar(x.elementType)
    scatterReduce(
      kernel, offsets, run: run, from: Source(scalar, updates.shape, updates.bytes),
      to: Target(scalar, x.shape, y))
  }
}

/// How scattered elements combine with what is there, named as in the attribute `reduction`.
package enum ScatterMode: String, Sendable {
  case none, add, mul, min, max

  /// Reads the attribute, which came with opset 16; minimum and maximum came with opset 18.
  init(_ node: NodeView, opset: Int) throws(ModelError) {
    let name = opset >= 16 ? try node.string("reduction", default: "none") : "none"
    guard let mode = ScatterMode(rawValue: name) else {
      throw node.mismatch("reduction", expected: "none, add, mul, min or max", found: name)
    }
    self = mode
  }

  /// The rule of an operator that writes updates, input 2, to places that indices name, input 1.
  ///
  /// - Parameter parts: the cotangent without what was written over, and what of it lies at the
  ///   indices, for updates, a cotangent and indices.
  func gradient(
    _ parts: @escaping @Sendable (_ updates: Term, _ g: Term, _ indices: Term) -> (Term, Term)
  ) -> Gradient {
    guard self == .none || self == .add else {
      return .none("what it writes is multiplied or compared with what is there")
    }
    return .rule { call throws(ModelError) in
      let g = try call.cotangent(0)
      let (rest, taken) = parts(try call.input(2), g, try call.input(1))
      return [self == .none ? rest : g, nil, taken]
    }
  }
}
