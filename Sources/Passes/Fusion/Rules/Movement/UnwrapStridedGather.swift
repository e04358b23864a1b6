internal import IR
internal import Operators
internal import Rewriting

/// `gather(reshape(x, [-1]), places) = x` where the places are those of x's elements in their order.
/// PyTorch's exporter spells `as_strided` so, with a Range for a batch that is left open.
struct UnwrapStridedGather: FusionRule {
  static let name = "unwrap-strided-gather"
  static let summary = "a Gather of all elements in their order goes, as as_strided is exported"
  static let roots = ["Gather"]

  func apply(at id: NodeID, in net: inout Rewriter) throws(ModelError) -> FusionOutcome {
    guard net.int(id, "axis", 0) == 0, let flat = net.input(id, 0), net.rank(flat) == 1,
      let flattening = net.graph[flat].producer, let kind = net.kind(flattening),
      Rewriter.reshapers.contains(kind), let source = net.input(flattening, 0),
      let shape = net.shape(source), let places = net.input(id, 1),
      let grid = net.grid(places), grid.isRowMajor(of: shape)
    else { return .noMatch }
    if let obstacle = net.bypass(id, with: source) { return .declined(obstacle) }
    return .applied("it takes all elements in their order")
  }
}

/// Integers that grow evenly along each axis: `start + Σ index·step`.
private struct Grid {
  var start: Int
  var axes: [(length: Dimension, step: Int)]

  /// Whether they count the elements of a tensor of this shape.
  func isRowMajor(of shape: Shape) -> Bool {
    guard start == 0, axes.map(\.length) == shape.dimensions else { return false }
    var step = 1
    for (place, axis) in axes.enumerated().reversed() where axis.length != 1 {
      guard axis.step == step else { return false }
      guard place > 0 else { continue }
      guard let length = axis.length.value,
        case let (next, overflow) = step.multipliedReportingOverflow(by: length), !overflow
      else { return axes[..<place].allSatisfy { $0.length == 1 } }
      step = next
    }
    return true
  }

  /// The constant as a grid; nil for other numbers.
  init?(_ tensor: Tensor) {
    guard let values = tensor.integers, let first = values.first else { return nil }
    start = first
    axes = []
    var inner = 1
    for length in tensor.dimensions.reversed() {
      axes.insert((.known(length), length > 1 ? values[inner] &- first : 0), at: 0)
      inner *= length
    }
    for (place, value) in values.enumerated() {
      var rest = place, expected = first
      for axis in axes.reversed() {
        let length = axis.length.value ?? 1
        expected = expected &+ rest % length &* axis.step
        rest /= length
      }
      guard value == expected else { return nil }
    }
  }

  init(counting length: Dimension) {
    start = 0
    axes = [(length, 1)]
  }

  func times(_ factor: Int) -> Grid {
    var result = self
    result.start = start &* factor
    result.axes = axes.map { ($0.length, $0.step &* factor) }
    return result
  }

  /// The sum, each stretched to the other; nil where lengths may differ.
  func plus(_ other: Grid) -> Grid? {
    var result = axes.count >= other.axes.count ? self : other
    let less = axes.count >= other.axes.count ? other : self
    result.start = start &+ other.start
    let shift = result.axes.count - less.axes.count
    for (place, axis) in less.axes.enumerated() where axis.length != 1 {
      let own = result.axes[place + shift]
      guard own.length == axis.length || own.length == 1 else { return nil }
      result.axes[place + shift] = (axis.length, axis.step &+ (own.length == 1 ? 0 : own.step))
    }
    return result
  }

  /// With axes of length 1 put in; nil where they have no place.
  func unsqueezed(_ places: [Int]) -> Grid? {
    let rank = axes.count + places.count
    var result = self
    for place in places.map({ $0 < 0 ? $0 + rank : $0 }).sorted() {
      guard (0...result.axes.count).contains(place) else { return nil }
      result.axes.insert((1, 0), at: place)
    }
    return result
  }
}

extension Rewriter {
  /// The numbers of an integer value, where they are known to grow evenly along each axis.
  fileprivate mutating func grid(_ value: ValueID, depth: Int = 0) -> Grid? {
    if let tensor = constant(value) { return Grid(tensor) }
    guard depth < 8, let id = graph[value].producer, let kind = kind(id), let x = input(id, 0)
    else { return nil }
    switch kind {
    case "Range":
      guard integers(x) == [0], integers(input(id, 2)) == [1],
        let limit = input(id, 1).flatMap({ elements($0) }), limit.count == 1, limit[0] != .unknown
      else { return nil }
      return Grid(counting: limit[0])
    case "Mul":
      guard let operand = constantOperand(id), let factor = operand.tensor.integers,
        factor.count == 1, operand.tensor.dimensions.count <= (rank(operand.other) ?? 0)
      else { return nil }
      return grid(operand.other, depth: depth + 1)?.times(factor[0])
    case "Add":
      guard let y = input(id, 1), let other = grid(y, depth: depth + 1) else { return nil }
      return grid(x, depth: depth + 1)?.plus(other)
    case "Unsqueeze":
      let places = integers(input(id, 1)) ?? ints(id, "axes")
      return places.flatMap { places in grid(x, depth: depth + 1)?.unsqueezed(places) }
    default: return nil
    }
  }
}
