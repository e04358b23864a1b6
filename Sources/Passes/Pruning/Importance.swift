internal import IR
internal import Operators

/// How much each atom matters: the mean, over the weights that make or read it, of the squared L2
/// norms of its slices, divided by the mean of its group (Torch-Pruning's group magnitude, p = 2).
struct Importance {
  private var sum: [Int: Double] = [:]
  private var roles: [Int: Int] = [:]

  init(_ coupling: inout Coupling) {
    var done: Set<Range<Int>> = []
    for role in coupling.producers + coupling.consumers + coupling.scales
    where done.insert(role.slots).inserted {
      guard let weight = coupling.facts.weight(role.node, role.axis.port),
        let norms = weight.squaredNorms(along: role.axis.axis)
      else { continue }
      add(&coupling, zip(role.slots, norms).map { ($0, $1) })
    }
    for columns in coupling.groupedColumns {
      guard let weight = coupling.facts.weight(columns.node, columns.axis.port),
        let norms = weight.squaredNorms(groups: columns.groups)
      else { continue }
      add(&coupling, zip(columns.channels, norms).map { ($0, $1) })
    }
  }

  private mutating func add(_ coupling: inout Coupling, _ scores: [(slot: Int, score: Double)]) {
    var atoms: Set<Int> = []
    for (slot, score) in scores {
      let atom = coupling.atom(slot)
      sum[atom, default: 0] += score
      if atoms.insert(atom).inserted { roles[atom, default: 0] += 1 }
    }
  }

  /// Scores of a group's atoms, 1 on average.
  func scores(of group: ChannelGroup) -> [Int: Double] {
    let atoms = group.atoms
    let raw = atoms.map { (sum[$0] ?? 0) / Double(max(roles[$0] ?? 1, 1)) }
    let mean = raw.reduce(0, +) / Double(max(raw.count, 1))
    return Dictionary(
      uniqueKeysWithValues: zip(atoms, raw.map { mean > 0 && mean.isFinite ? $0 / mean : $0 }))
  }
}

extension Facts {
  /// The constant behind a node's input.
  func weight(_ node: NodeID, _ port: Port) -> Tensor? {
    guard case .input(let slot) = port, let value = graph[node].inputs[safe: slot] ?? nil else {
      return nil
    }
    return graph[value].initializer ?? constant(value)
  }
}

extension Tensor {
  /// The sum of squares of each slice along an axis; nil for other types than float.
  func squaredNorms(along axis: Int) -> [Double]? {
    let length = dimensions[axis]
    let inner = dimensions[(axis + 1)...].reduce(1, *)
    let outer = dimensions[..<axis].reduce(1, *)
    return withFloats { values in
      var norms = [Double](repeating: 0, count: length)
      for block in 0..<outer {
        for index in 0..<length {
          let start = (block * length + index) * inner
          norms[index] += sumOfSquares(values, start, inner)
        }
      }
      return norms
    }
  }

  /// The sum of squares of each column of a grouped convolution's weight, for the channel that it
  /// serves in its group: channel g·n + j reads column j in the rows of group g.
  func squaredNorms(groups: Int) -> [Double]? {
    let columns = dimensions[1]
    let rows = dimensions[0] / groups
    let inner = dimensions[2...].reduce(1, *)
    return withFloats { values in
      var norms = [Double](repeating: 0, count: groups * columns)
      for row in 0..<groups * rows {
        for column in 0..<columns {
          let start = (row * columns + column) * inner
          norms[row / rows * columns + column] += sumOfSquares(values, start, inner)
        }
      }
      return norms
    }
  }

  private func withFloats(_ body: (UnsafeBufferPointer<Float>) -> [Double]) -> [Double]? {
    if elementType == .float, let storage {
      defer { storage.releasePages() }
      return storage.aligned(to: 4).withUnsafeBytes { body($0.bindMemory(to: Float.self)) }
    }
    return (floats ?? integers?.map { Float($0) })?.withUnsafeBufferPointer { body($0) }
  }
}

/// Eight partial sums in a fixed order, so that the loop vectorises and the result is the same on
/// every machine.
private func sumOfSquares(_ values: UnsafeBufferPointer<Float>, _ start: Int, _ count: Int)
  -> Double
{
  var partial = SIMD8<Float>.zero
  var index = start
  let end = start + count
  while index + 8 <= end {
    var lanes = SIMD8<Float>.zero
    for lane in 0..<8 { lanes[lane] = values[index + lane] }
    partial += lanes * lanes
    index += 8
  }
  var total = 0.0
  for lane in 0..<8 { total += Double(partial[lane]) }
  while index < end {
    total += Double(values[index]) * Double(values[index])
    index += 1
  }
  return total
}
