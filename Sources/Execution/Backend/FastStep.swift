package import IR
package import Operators

/// A backend's way to run one step.
package protocol FastStep: AnyObject {
  /// The outputs, or nil where the operands are not of a kind that it takes.
  func run(_ call: FastCall) throws(ModelError) -> [RuntimeTensor?]?

  /// Whether operands come as they lie in memory rather than row-major.
  var readsLayouts: Bool { get }

  /// Whether operands of these types are taken.
  func takes(_ operands: [RuntimeTensor?]) -> Bool
}

extension FastStep {
  package var readsLayouts: Bool { true }
  package func takes(_ operands: [RuntimeTensor?]) -> Bool {
    operands.allSatisfy { $0 == nil || $0?.elementType == .float }
  }
}

/// What an accelerated node gets for one run.
package struct FastCall {
  package let label: String
  package let operands: [RuntimeTensor?]
  /// Whether the run holds the last reference to an operand, whose memory may then be reused.
  package let dying: [Bool]
  package let pool: BufferPool
  /// The operator, of which types and costs are asked.
  let op: any Operator

  /// The operands' shapes for an operator's own checks; there are no elements to read.
  package var shapes: Evaluation { shapes(operands.count) }

  /// The shapes of the first `count` operands.
  package func shapes(_ count: Int) -> Evaluation {
    Evaluation(
      label: label,
      inputs: operands.prefix(count).map { operand in
        operand.map {
          TensorView($0.elementType, $0.shape, UnsafeRawBufferPointer(start: nil, count: 0))
        }
      }, outputs: [true]
    ) { (_, _, shape) throws(ModelError) in
      throw ModelError(.unsupported, "\(label): no output of shape \(shape) is computed here")
    }
  }
}

extension FastCall {
  /// Whether the operator takes no longer than it takes to share its work out among threads.
  ///
  /// - Parameter parts: how often that is shared out, one part after another.
  package func isSmall(parts: Int = 1) -> Bool { work / max(1, parts) < 1 << 19 }

  /// How many products the operator adds up; nil where that is not known.
  var products: Int? {
    let inputs = inputs
    return (try? op.infer(inputs).map(\.type)).flatMap { op.macs(inputs, $0) }
  }

  private var inputs: Inputs {
    Inputs(
      label: label,
      operands.map { operand in
        operand.map { Operand(name: "", type: TensorType($0.elementType, $0.shape)) }
      })
  }

  /// About how many elements the operator reads, writes or multiplies.
  private var work: Int {
    let inputs = inputs
    guard let outputs = try? op.infer(inputs).map(\.type),
      let products = op.macs(inputs, outputs)
    else { return .max }
    let written = outputs.reduce(0) { $0 &+ ($1.shape?.elementCount.value ?? 0) }
    let read = operands.reduce(0) { max($0, $1?.count ?? 0) }
    // An element takes longer than a multiplication, of which many are carried out side by side; most
    // of all where something is added up for it.
    return max((products > 0 ? 8 : 4) &* max(written, read), products)
  }
}
