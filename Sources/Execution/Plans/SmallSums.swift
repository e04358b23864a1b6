internal import IR
internal import Operators

extension Plan {
  /// Marks the sums whose smallest results count for as much as their largest, since a logarithm is
  /// taken of them: power spectra, for one. There the rounding of two backends, each exact beside the
  /// largest result, can differ by more than the accuracy that is asked for.
  mutating func findMagnifiedSums() {
    var magnified: Set<Int> = []
    for index in steps.indices.reversed() {
      let step = steps[index]
      let isMagnified = step.outputs.contains { $0.map(magnified.contains) ?? false }
      switch step.op.conditioning {
      case .magnifying: magnified.formUnion(step.inputs.compactMap { $0 })
      case .relative where isMagnified: magnified.formUnion(step.inputs.compactMap { $0 })
      case .summing where isMagnified:
        magnified.formUnion(step.inputs.compactMap { $0 })
        steps[index].isMagnified = true
      case .absolute, .relative, .summing: break
      }
    }
  }
}

/// Leaves sums that are soon computed to the reference kernel, whatever is added up in them, and takes
/// the others.
final class SmallSumsOnKernel: FastStep {
  /// How many multiplications the kernel does in about two milliseconds.
  private static let limit = 1 << 24

  private let fast: any FastStep
  /// Of the last call.
  private var last: (shapes: [[Int]?], isSmall: Bool)?

  init(_ fast: any FastStep) { self.fast = fast }

  var readsLayouts: Bool { fast.readsLayouts }

  func takes(_ operands: [RuntimeTensor?]) -> Bool { fast.takes(operands) }

  func run(_ call: FastCall) throws(ModelError) -> [RuntimeTensor?]? {
    let shapes = call.operands.map { $0?.shape }
    if last?.shapes != shapes {
      last = (shapes, call.products.map { $0 <= Self.limit } ?? false)
    }
    return last?.isSmall == true ? nil : try fast.run(call)
  }
}
