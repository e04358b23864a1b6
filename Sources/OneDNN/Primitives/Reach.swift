internal import COneDNN
internal import Execution
internal import IR
internal import Kernels

/// How large the results of a primitive can become, and what it may lose on the way.
///
/// oneDNN's clamps, exponentials and largest elements take what is no number for a number, functions
/// that are joined skip roundings, and squares become infinite where their mean does not. Where all
/// sums stay finite neither can happen: that is
/// what is checked, by a bound that steps hand on, so that elements are looked at once in many steps
/// only.
struct Reach {
  /// A factor or a summand: its bound, or the operand that has it.
  enum Term {
    case number(Double)
    case operand(Int)
  }

  /// The operands of which each result's elements come from one: summed up, or passed on.
  var sources = [0]
  /// What its elements are multiplied with.
  var factor = Term.number(1)
  /// How many products make one sum.
  var terms = 1
  /// What is added to each sum.
  var addend: Term?
  /// What follows.
  var after: [PostOperation] = []
  /// Whether the results must be finite already before that.
  var isLossy = false
  /// What they have to stay below there.
  var ceiling = Reach.limit
  /// The bound of the results where it does not depend on the operands'.
  var result: Double?

  /// Sums may reach this: a third of the largest float, since roundings add up.
  static let limit = 1e38

  /// Looks at weights while they are in memory: at large ones only where something may be lost.
  func prepare(_ call: FastCall) {
    let isNeeded = isLossy || after.contains(where: \.isLossy)
    for case .operand(let index)? in [factor, addend] {
      guard let operand = call.operands[safe: index] ?? nil, operand.elementType == .float,
        isNeeded || operand.count <= 1 << 22
      else { continue }
      _ = operand.magnitude()
    }
  }

  /// The bound of the results, or nil where it is not known; `isSafe` is false where something may
  /// be lost.
  func judge(_ call: FastCall) -> (isSafe: Bool, bound: Double?) {
    var found = estimate(call)
    if let result { found.bound = result }
    return found
  }

  private func estimate(_ call: FastCall) -> (isSafe: Bool, bound: Double?) {
    let lossy = after.lastIndex { $0.isLossy } ?? (isLossy ? 0 : -1)
    guard isLossy || lossy >= 0 else {
      return (true, follow(call, lossy: -1, measured: nil)?.bound)
    }
    if let known = follow(call, lossy: lossy, measured: false), known.isSafe { return known }
    return follow(call, lossy: lossy, measured: true) ?? (false, nil)
  }

  /// - Parameters:
  ///   - lossy: the last operation that may lose something.
  ///   - measured: whether elements are looked at although a bound is known; nil for operands that are
  ///     not looked at at all.
  private func follow(
    _ call: FastCall, lossy: Int, measured: Bool?
  ) -> (isSafe: Bool, bound: Double?)? {
    func bound(_ term: Term, _ measured: Bool?) -> Double? {
      switch term {
      case .number(let number): return number
      case .operand(let index):
        guard let operand = call.operands[safe: index] ?? nil, operand.elementType == .float else {
          return nil
        }
        return measured.map { operand.magnitude(measured: $0) } ?? operand.bound?.value
      }
    }
    guard let factor = bound(factor, measured) else { return nil }
    var x = 0.0
    for source in sources {
      guard let one = bound(.operand(source), measured) else { return nil }
      x = one.isNaN ? one : max(x, one)
    }
    var largest = x * factor * Double(terms)
    if let addend {
      guard let more = bound(addend, measured) else { return nil }
      largest += more
    }
    var isSafe = !isLossy || largest < ceiling
    for (place, operation) in after.enumerated() {
      if operation.isLossy {
        isSafe = isSafe && largest * operation.peak < Self.limit
      }
      switch operation {
      case .function(let function): largest = function.bound(largest)
      case .affine(let factor, let offset):
        largest = largest * factor.magnitude + offset.magnitude
      case .binary(let function, let input):
        let other = bound(.operand(input), place < lossy ? measured : nil)
        guard let other else { return (isSafe, nil) }
        switch function {
        case .add, .subtract: largest += other
        case .multiply: largest *= other
        default: return place < lossy ? nil : (isSafe, nil)
        }
      }
    }
    return (isSafe, largest < Self.limit ? largest : nil)
  }
}

extension Array where Element == Float {
  /// The largest magnitude; no number where an element is none.
  var magnitude: Double {
    reduce(0) { abs(Double($1)) > $0 || $1.isNaN ? abs(Double($1)) : $0 }
  }
}

extension PostOperation {
  /// Whether the operation gives a number for what is none, or was made of several.
  var isLossy: Bool {
    guard case .function(let function) = self else { return false }
    return function.isLossy
  }

  /// How many times its operand an intermediate result may be.
  var peak: Double {
    guard case .function(let function) = self else { return 1 }
    return function.peak
  }
}
