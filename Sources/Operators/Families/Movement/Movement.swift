package import IR
private import Kernels

/// What operators that only move elements share: they take every element type whose elements are
/// whole bytes, labels of the pruning engine included.
extension Evaluation {
  /// Bytes an element of an input: 1, 2, 4 or 8.
  package func elementWidth(_ index: Int = 0) throws(ModelError) -> Int {
    let type = try input(index).elementType
    switch type.byteWidth {
    case let width? where [1, 2, 4, 8].contains(width): return width
    default:
      throw ModelError(
        .unsupported, "\(label), input \(index): element type \(type) is not supported here")
    }
  }

  /// The integers of an input; an error when it is left out or holds something else.
  package func requiredIntegers(_ index: Int) throws(ModelError) -> [Int] {
    _ = try input(index)
    return try integers(index) ?? []
  }

  /// Writes output 0 with elements of input 0 found at strides, in elements, from an offset.
  package func move(
    shape: [Int], strides sourceStrides: [Int], offset: Int = 0
  ) throws(ModelError) {
    let x = try input(0)
    let width = try elementWidth()
    let y = try bytes(x.elementType, shape)
    guard let from = x.bytes.baseAddress, let to = y.baseAddress, !shape.contains(0) else { return }
    stridedCopy(
      shape: shape, width: width, from: from, strides: sourceStrides,
      sourceOffset: offset, to: to, strides: Kernels.strides(of: shape))
  }

  /// Writes output 0 with elements of input 0 picked by one index table an axis (nil: all).
  /// `shape` is the output's shape where it is not just the tables' lengths.
  package func pick(_ tables: [[Int]?], shape: [Int]? = nil) throws(ModelError) {
    let x = try input(0)
    let width = try elementWidth()
    let shape = shape ?? x.shape.indices.map { tables[$0]?.count ?? x.shape[$0] }
    let y = try bytes(x.elementType, shape)
    guard let from = x.bytes.baseAddress, let to = y.baseAddress, !shape.contains(0) else { return }
    remap(shape: x.shape, width: width, tables: tables, from: from, to: to)
  }

  /// The number of elements of a shape; an error when it does not fit or a length is negative.
  package func elementCount(_ shape: [Int]) throws(ModelError) -> Int {
    guard let count = checkedProduct(shape) else {
      throw ModelError(.invalid, "\(label): expected a shape that fits in memory, found \(shape)")
    }
    return count
  }
}

/// The product of lengths; nil when one is negative or on overflow.
package func checkedProduct(_ lengths: [Int]) -> Int? { Tensor.count(lengths) }

/// Axes made non-negative; an error when one is out of range or named twice.
package func normalizedAxes(
  _ axes: [Int], rank: Int, label: String
) throws(ModelError) -> [Int] {
  var seen: Set<Int> = []
  var result: [Int] = []
  for axis in axes {
    guard axis >= -rank, axis < rank else {
      throw ModelError(
        .invalid, "\(label): expected axes in [-\(rank), \(rank - 1)], found \(axis)")
    }
    let axis = axis < 0 ? axis + rank : axis
    guard seen.insert(axis).inserted else {
      throw ModelError(.invalid, "\(label): expected each axis once, found \(axes)")
    }
    result.append(axis)
  }
  return result
}

/// The place of each kept index among the kept ones.
package func ranks(of kept: [Int]) -> [Int: Int] {
  Dictionary(kept.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
}

extension Inputs {
  /// The integers of an input that is constant or known by propagation; nil where one is not.
  package func knownIntegers(_ index: Int) -> [Int]? {
    guard let data = data(index) else { return nil }
    let values = data.compactMap(\.value)
    return values.count == data.count ? values : nil
  }

  /// Whether the input is given.
  package func has(_ index: Int) -> Bool { self[index] != nil }
}

extension ChannelRule {
  /// Elements of input 0 move; the given pairs of an input and an output axis go through unchanged.
  package static func movement(passing: [(input: Int, output: Int)]) -> ChannelRule {
    ChannelRule([.moves(inputs: [0], passing: passing)])
  }

  /// Elements of input 0 move, and all axes but the given ones go through unchanged.
  package static func movement(_ shape: Shape?, except axes: Set<Int>) -> ChannelRule {
    guard let shape else { return .barrier("shape of input 0 is not known") }
    return movement(
      passing: shape.dimensions.indices.filter { !axes.contains($0) }.map { ($0, $0) })
  }

  /// Index by index from input 0 to the given outputs, but for frozen axes.
  package static func alongside(
    _ shape: Shape?, outputs: Range<Int> = 0..<1, frozen: Set<Int>, reason: String
  ) -> ChannelRule {
    guard let shape else { return .barrier("shape of input 0 is not known") }
    var relations: [Relation] = []
    for axis in shape.dimensions.indices {
      if frozen.contains(axis) {
        relations.append(.freeze(Axis(.input(0), axis), reason: reason))
        relations += outputs.map { .freeze(Axis(.output($0), axis), reason: reason) }
      } else {
        relations += outputs.map { .same(Axis(.input(0), axis), Axis(.output($0), axis)) }
      }
    }
    return ChannelRule(relations)
  }
}

extension ChannelRule {
  /// Operators with an index for each element (input 1): along the axis that the indices are for
  /// nothing goes; along the others, where data and indices are as long as each other, an element
  /// stays in its slice.
  package static func besideIndices(
    _ inputs: Inputs, axis: Int, operands: [Port], reason: String
  ) -> ChannelRule {
    guard let shape = inputs.shape(0), let indices = inputs.shape(1), indices.rank == shape.rank,
      axis >= -shape.rank, axis < shape.rank
    else { return .barrier("shape of input 0 or 1 is not known") }
    let picked = axis < 0 ? axis + shape.rank : axis
    var relations: [Relation] = []
    for place in shape.dimensions.indices {
      if place != picked, shape[place].value != nil, shape[place] == indices[place] {
        relations += operands.dropFirst().map { .same(Axis(operands[0], place), Axis($0, place)) }
      } else {
        relations += operands.map { .freeze(Axis($0, place), reason: reason) }
      }
    }
    return ChannelRule(relations)
  }
}

extension Cut {
  /// Axes of an operand that lose indices.
  package func changedAxes(_ port: Port, rank: Int) -> [Int] {
    (0..<rank).filter { kept(port, $0) != nil }
  }

  /// The new lengths of some axes of an operand.
  package func newLengths(_ port: Port, _ axes: [Int]) -> [Int: Int] {
    axes.reduce(into: [:]) { $0[$1] = newLength(port, $1) }
  }

  /// An error about something that cannot shrink.
  package func unsupported(_ what: String) -> ModelError {
    ModelError(.unsupported, "\(label): \(what)")
  }

  /// A one-dimensional integer constant in place of input `index`, of the same element type.
  package func integers(_ index: Int, _ values: [Int], _ dimensions: [Int]? = nil) -> NodeEdit {
    let dimensions = dimensions ?? [values.count]
    guard inputs.elementType(index) == .int32 else {
      return .constant(input: index, Tensor(int64: values, dimensions))
    }
    return .constant(
      input: index, Tensor(.int32, dimensions, Storage(values.map { Int32(clamping: $0) })))
  }
}
