package import Kernels
package import Operators

/// What a backend is told of a step.
package struct StepDescription {
  /// What the step's operator computes, before what the form adds; nil where it says nothing.
  package let computation: Computation?
  package let form: StepForm
  /// The inputs that are the same in every run; nil for others and for those that are left out.
  package let constants: [RuntimeTensor?]
  /// Whether each input is there.
  package let given: [Bool]
  /// Whether each output is asked for.
  package let outputs: [Bool]

  /// The function of its two inputs that the step computes; nil for other steps.
  package var binaryFunction: BinaryFunction? { computation?.binaryFunction(of: given.count) }
}

extension Computation {
  /// The function of two operands, where there are so many inputs; nil for other computations.
  func binaryFunction(of inputs: Int) -> BinaryFunction? {
    guard inputs == 2, case .binary(let function) = self else { return nil }
    return function
  }
}
