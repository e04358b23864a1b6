package import IR
package import Samples

/// A way to change a sample, of which no label has to be known: the teacher is asked again.
public enum Alteration: String, Sendable, CaseIterable {
  /// A picture's columns the other way round, for every other sample.
  case mirror
  /// A picture moved by up to a fourteenth of its height and width; what comes in is like the border.
  case shift
  /// Half of the samples mixed with another one.
  case mix
}

/// Changes samples before a step; the same step changes them alike in every run.
package struct SampleAlterer {
  private let kinds: Set<Alteration>
  private let seed: UInt64
  /// Inputs that are pictures, and which axis of them is the height; the width follows.
  private let heights: [String: Int]

  /// A picture has no more channels than this.
  private static let mostChannels = 4

  /// - Returns: nil where samples have to stay as they are: inputs that are no numbers, such as those of
  ///   tokens, samples of several shapes, and values that all samples share.
  package init?(_ kinds: Set<Alteration>, of data: Dataset, seed: UInt64) throws(ModelError) {
    guard data.batch == nil, data.groupCount > 1 else { return nil }
    let inputs = try data.picked([0]).inputs
    guard let both = try? data.picked([0, 1]).inputs,
      inputs.allSatisfy({ name, tensor in
        tensor.elementType == .float && tensor.dimensions.count >= 2
          && tensor.dimensions[0] == 1 && both[name]?.dimensions[0] == 2
      })
    else { return nil }
    var heights: [String: Int] = [:]
    for (name, tensor) in inputs where tensor.dimensions.count == 4 {
      if tensor.dimensions[1] <= Self.mostChannels {
        heights[name] = 2
      } else if tensor.dimensions[3] <= Self.mostChannels {
        heights[name] = 1
      }
    }
    var possible = kinds
    // Several inputs are changed alike, so that all must be pictures.
    if heights.count < inputs.count { possible.formIntersection([.mix]) }
    guard !possible.isEmpty else { return nil }
    self.kinds = possible
    self.heights = heights
    self.seed = seed
  }

  /// What is done to one sample.
  private struct Change {
    var mirrors = false
    /// Parts of the height and the width, from -1 to 1 of the most.
    var moves = (0.0, 0.0)
    var partner: Int
    /// How much of the sample itself is left.
    var share: Float = 1
  }

  /// Changed samples, those of one step.
  package func run(_ inputs: [String: Tensor], step: Int) -> [String: Tensor] {
    let count = inputs.values.first?.dimensions[0] ?? 0
    let changes = changes(count, step)
    var result = inputs
    for (name, tensor) in inputs {
      guard var elements = tensor.floats, tensor.dimensions[0] == count, count > 0 else { continue }
      if let height = heights[name] { move(&elements, tensor.dimensions, height, changes) }
      if kinds.contains(.mix) { mix(&elements, changes) }
      result[name] = Tensor(floats: elements, tensor.dimensions)
    }
    return result
  }

  private func changes(_ count: Int, _ step: Int) -> [Change] {
    var draws = Draws(state: seed &* 0xD1B5_4A32_D192_ED03 &+ UInt64(step) &* 0x9E37_79B9_7F4A_7C15)
    var partners = Array(0..<count)
    for place in stride(from: count - 1, to: 0, by: -1) {
      partners.swapAt(place, Int(draws.next() % UInt64(place + 1)))
    }
    return partners.map { partner in
      var change = Change(partner: partner)
      let numbers = (0..<5).map { _ in draws.uniform() }
      if kinds.contains(.mirror) { change.mirrors = numbers[0] < 0.5 }
      if kinds.contains(.shift) { change.moves = (2 * numbers[1] - 1, 2 * numbers[2] - 1) }
      if kinds.contains(.mix), numbers[3] < 0.5 { change.share = Float(numbers[4]) }
      return change
    }
  }

  /// Mirrors and shifts pictures.
  private func move(
    _ elements: inout [Float], _ dimensions: [Int], _ axis: Int, _ changes: [Change]
  ) {
    let height = dimensions[axis], width = dimensions[axis + 1]
    let planes = dimensions[1..<axis].reduce(1, *), inner = dimensions[(axis + 2)...].reduce(1, *)
    let source = elements
    for (sample, change) in changes.enumerated() {
      let down = Int((change.moves.0 * Double(height) / 14).rounded())
      let right = Int((change.moves.1 * Double(width) / 14).rounded())
      guard change.mirrors || down != 0 || right != 0 else { continue }
      let columns = (0..<width).map { column in
        let moved = min(max(column - right, 0), width - 1)
        return change.mirrors ? width - 1 - moved : moved
      }
      for plane in sample * planes..<(sample + 1) * planes {
        for row in 0..<height {
          let from = (plane * height + min(max(row - down, 0), height - 1)) * width
          let to = (plane * height + row) * width
          for (column, other) in columns.enumerated() {
            for place in 0..<inner {
              elements[(to + column) * inner + place] = source[(from + other) * inner + place]
            }
          }
        }
      }
    }
  }

  private func mix(_ elements: inout [Float], _ changes: [Change]) {
    let source = elements, length = elements.count / max(1, changes.count)
    for (sample, change) in changes.enumerated() where change.share < 1 {
      let own = sample * length, other = change.partner * length
      for place in 0..<length {
        elements[own + place] =
          change.share * source[own + place] + (1 - change.share) * source[other + place]
      }
    }
  }
}
