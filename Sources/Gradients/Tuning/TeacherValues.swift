internal import Execution
import IR
internal import Samples

/// What a teacher makes of samples: computed once where it fits a budget of memory, else whenever it
/// is needed.
final class TeacherValues {
  private let session: Session
  private let data: Dataset
  private let pairs: [Objective.Pair]
  /// For each pair, a tensor for each group of samples; empty where nothing is kept.
  private var kept: [[Tensor]] = []
  /// The variance of each pair's values.
  private(set) var variances: [Double]

  /// Groups of samples run at a time.
  private static let batch = 16

  /// - Parameter budget: bytes that kept values may take.
  init(
    _ teacher: Model, _ pairs: [Objective.Pair], on data: Dataset, budget: Int,
    options: SessionOptions
  ) throws(ModelError) {
    session = try Session(teacher, options: options)
    self.data = data
    self.pairs = pairs
    variances = pairs.map { _ in 1 }
    guard !pairs.isEmpty else { return }
    var sums = [(count: Double, sum: Double, square: Double)](
      repeating: (0, 0, 0), count: pairs.count)
    var all = pairs.map { _ in [Tensor]() }
    var bytes = 0
    let groups = Array(0..<data.groupCount)
    let step = data.batch == nil ? Self.batch : 1
    for start in stride(from: 0, to: groups.count, by: step) {
      let picks = Array(groups[start..<min(start + step, groups.count)])
      for (place, tensor) in try compute(picks).enumerated() {
        for x in tensor.floats ?? [] {
          let value = Double(x)
          sums[place].count += 1
          sums[place].sum += value
          sums[place].square += value * value
        }
        bytes += tensor.byteCount
        guard bytes <= budget else { continue }
        let length = tensor.dimensions.first ?? 1
        for group in picks.indices where length % picks.count == 0 {
          let share = length / picks.count
          all[place].append(tensor.rows(group * share..<(group + 1) * share))
        }
      }
    }
    variances = sums.map { sum in
      guard sum.count > 0 else { return 1 }
      let mean = sum.sum / sum.count
      return max(sum.square / sum.count - mean * mean, 0)
    }
    if bytes <= budget, all.allSatisfy({ $0.count == groups.count }) { kept = all }
  }

  /// The values for some groups, a tensor for each pair.
  func values(_ groups: [Int]) throws(ModelError) -> [Tensor] {
    guard !kept.isEmpty else { return try compute(groups) }
    return try kept.map { tensors throws(ModelError) in
      let parts = groups.map { tensors[$0] }
      guard let whole = parts.count == 1 ? parts[0] : Tensor(joining: parts, axis: 0) else {
        throw ModelError(.request, "teacher: expected values of one shape, found others")
      }
      return whole
    }
  }

  private func compute(_ groups: [Int]) throws(ModelError) -> [Tensor] {
    try values(of: data.picked(groups).inputs)
  }

  /// The values for inputs, a tensor for each pair.
  func values(of inputs: [String: Tensor]) throws(ModelError) -> [Tensor] {
    guard !pairs.isEmpty else { return [] }
    let found = try session.run(inputs, outputs: pairs.map(\.teacher))
    return try pairs.map { pair throws(ModelError) in
      guard var tensor = found[pair.teacher], tensor.elementType == .float else {
        throw ModelError(.request, "teacher, '\(pair.teacher)': expected floats, found none")
      }
      for (axis, indices) in pair.kept.sorted(by: { $0.key < $1.key }) {
        guard let part = tensor.picking(indices, axis: axis) else {
          throw ModelError(
            .request, "teacher, '\(pair.teacher)': expected the slices that are left, found none")
        }
        tensor = part
      }
      return tensor
    }
  }
}

extension Tensor {
  /// The slices at indices along an axis; nil where there is no such.
  fileprivate func picking(_ indices: [Int], axis: Int) -> Tensor? {
    guard dimensions.indices.contains(axis), let values = floats else { return nil }
    let span = AxisSpan(dimensions, axis: axis)
    guard indices.allSatisfy({ $0 >= 0 && $0 < span.length }) else { return nil }
    var result: [Float] = []
    result.reserveCapacity(span.outer * indices.count * span.inner)
    for block in 0..<span.outer {
      for index in indices {
        let start = span.start(block: block, index: index)
        result += values[start..<start + span.inner]
      }
    }
    var shape = dimensions
    shape[axis] = indices.count
    return Tensor(floats: result, shape)
  }
}
