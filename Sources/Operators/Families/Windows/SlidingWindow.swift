package import IR
package import Kernels

/// Makes an error about an input from its position, what was expected and what was found.
package typealias Mismatch = (_ input: Int, _ expected: String, _ found: String) -> ModelError

/// The attributes of a window that slides over spatial axes, as convolutions and pools have them:
/// `kernel_shape`, `strides`, `dilations`, `pads`, `auto_pad` and `ceil_mode`.
package struct SlidingWindow: Sendable {
  /// Where padding comes from.
  package enum Padding: Sendable {
    /// `pads`; zeros when absent.
    case explicit
    /// None.
    case valid
    /// As much as gives ceil(input / stride) positions, the odd one at the end.
    case sameUpper
    /// The same, the odd one at the beginning.
    case sameLower
  }

  /// The kernel's lengths; nil when a weight tells them.
  package let kernel: [Int]?
  package let padding: Padding
  /// Whether a last window that is not whole counts.
  package let roundsUp: Bool
  /// Whether the input may be shorter than the window, as for pools: what lies beyond does not count.
  private let takesShortInput: Bool
  private let givenStrides: [Int]?
  private let givenDilations: [Int]?
  private let givenPads: [Int]?

  package init(_ node: NodeView, requiresKernel: Bool = false) throws(ModelError) {
    takesShortInput = requiresKernel
    kernel = try Self.lengths(node, "kernel_shape", atLeast: 1)
    if requiresKernel, kernel?.isEmpty ?? true {
      throw node.mismatch("kernel_shape", expected: "the lengths of the window", found: "none")
    }
    givenStrides = try Self.lengths(node, "strides", atLeast: 1)
    givenDilations = try Self.lengths(node, "dilations", atLeast: 1)
    givenPads = try Self.lengths(node, "pads", atLeast: 0)
    roundsUp = try node.flag("ceil_mode")
    let name = try node.string("auto_pad", default: "NOTSET")
    switch name {
    case "NOTSET", "": padding = .explicit
    case "VALID": padding = .valid
    case "SAME_UPPER": padding = .sameUpper
    case "SAME_LOWER": padding = .sameLower
    default:
      throw node.mismatch(
        "auto_pad", expected: "NOTSET, VALID, SAME_UPPER or SAME_LOWER", found: "'\(name)'")
    }
    let rank =
      kernel?.count ?? givenStrides?.count ?? givenDilations?.count
      ?? givenPads.map { $0.count / 2 } ?? 0
    for (name, values, wanted) in [
      ("strides", givenStrides, rank), ("dilations", givenDilations, rank),
      ("pads", givenPads, 2 * rank),
    ] {
      guard let values, values.count != wanted else { continue }
      throw node.mismatch(name, expected: "\(wanted) values", found: "\(values.count)")
    }
  }

  /// A list of lengths small enough that sums and products of a few do not overflow.
  private static func lengths(
    _ node: NodeView, _ name: String, atLeast least: Int
  ) throws(ModelError) -> [Int]? {
    guard let values = try node.ints(name), !values.isEmpty else { return nil }
    for value in values where value < least || value > Int(Int32.max) {
      throw node.mismatch(
        name, expected: "values in [\(least), \(Int32.max)]", found: "\(value)")
    }
    return values
  }

  /// The number of spatial axes, where the attributes tell it.
  package var rank: Int? {
    kernel?.count ?? givenStrides?.count ?? givenDilations?.count
      ?? givenPads.map { $0.count / 2 }
  }

  /// Whether a window may reach beyond the input.
  package var readsPadding: Bool {
    switch padding {
    case .explicit: givenPads?.contains { $0 != 0 } ?? false
    case .valid: false
    case .sameUpper, .sameLower: true
    }
  }

  package func strides(_ rank: Int) -> [Int] { givenStrides ?? [Int](repeating: 1, count: rank) }

  package func dilations(_ rank: Int) -> [Int] {
    givenDilations ?? [Int](repeating: 1, count: rank)
  }

  /// All beginnings, then all ends.
  package func pads(_ rank: Int) -> [Int] {
    padding == .explicit
      ? givenPads ?? [Int](repeating: 0, count: 2 * rank)
      : [Int](repeating: 0, count: 2 * rank)
  }

  /// The window over an input of known lengths.
  package func window(
    input: [Int], kernel: [Int], _ mismatch: Mismatch
  ) throws(ModelError) -> Window {
    let rank = input.count
    guard kernel.count == rank, self.rank ?? rank == rank else {
      throw mismatch(
        0, "\(self.rank ?? kernel.count) spatial axes for this window", "\(rank)")
    }
    let pads = pads(rank)
    var window = Window(
      input: input, kernel: kernel, strides: strides(rank), dilations: dilations(rank),
      padsBegin: Array(pads.prefix(rank)), padsEnd: Array(pads.suffix(rank)), output: input)
    for axis in 0..<rank {
      let stride = window.strides[axis], length = input[axis]
      let extent = (kernel[axis] - 1) * window.dilations[axis] + 1
      if padding == .sameUpper || padding == .sameLower {
        let positions = (length + stride - 1) / stride
        let total = max(0, (positions - 1) * stride + extent - length)
        window.padsBegin[axis] = padding == .sameUpper ? total / 2 : total - total / 2
        window.padsEnd[axis] = total - window.padsBegin[axis]
        window.output[axis] = positions
        continue
      }
      let padded = length + window.padsBegin[axis] + window.padsEnd[axis]
      let slack = padded - extent
      // A pool's only window need not be whole, as in ONNX Runtime. Expressions over named lengths
      // count whole windows.
      let isShort = slack < 0 && (!takesShortInput || slack <= -stride)
      var positions = isShort ? 0 : slack / stride + 1
      if roundsUp, !isShort {
        positions = (slack + stride - 1) / stride + 1
        // A window that would start in the padding at the end does not count.
        if (positions - 1) * stride >= length + window.padsBegin[axis] { positions -= 1 }
      }
      guard positions > 0, length > 0 else {
        let least = takesShortInput ? max(1, extent - stride + 1) : extent
        throw mismatch(
          0, "at least \(least) positions along spatial axis \(axis), padding included", "\(padded)"
        )
      }
      window.output[axis] = positions
    }
    return window
  }

  /// The lengths of the output; those that do not follow are unknown.
  package func output(
    input: [Dimension], kernel: [Dimension], _ mismatch: Mismatch
  ) throws(ModelError) -> [Dimension] {
    if let lengths = Shape(input).known, let kernel = Shape(kernel).known {
      return try window(input: lengths, kernel: kernel, mismatch).output.map { .known($0) }
    }
    let rank = input.count
    guard kernel.count == rank, self.rank ?? rank == rank else {
      throw mismatch(0, "\(self.rank ?? kernel.count) spatial axes for this window", "\(rank)")
    }
    let strides = strides(rank), dilations = dilations(rank), pads = pads(rank)
    return (0..<rank).map { axis in
      let stride = Dimension.known(strides[axis])
      if padding == .sameUpper || padding == .sameLower {
        return input[axis].ceilDivided(by: stride)
      }
      let extent = (kernel[axis] - 1) * .known(dilations[axis]) + 1
      let begin = Dimension.known(pads[axis]), end = Dimension.known(pads[rank + axis])
      let slack = input[axis] + (begin + end - extent)
      guard roundsUp else { return slack.floorDivided(by: stride) + 1 }
      let positions = slack.ceilDivided(by: stride) + 1
      // The last window can start in the padding at the end only where that is wide enough.
      if let extent = extent.value, strides[axis] + pads[rank + axis] <= extent {
        return positions
      }
      return .minimum(positions, (input[axis] + begin).ceilDivided(by: stride))
    }
  }
}
