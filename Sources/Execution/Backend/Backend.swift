package import IR
package import Kernels
package import Operators

/// Code that computes steps of a plan in its own way: faster than the reference kernels, with the same
/// results but for rounding.
///
/// A backend sees what operators state of themselves (`Computation`) and what rewriting has made of
/// steps (`StepForm`), never operators. Whatever it has no way for runs on the reference kernels, and
/// so does a step whose way refuses the operands of a run. Every requirement but `lower` has a default
/// that claims nothing.
///
/// A session has a backend of its own and calls it from one thread at a time.
package protocol Backend: AnyObject {
  /// The way to run a step; nil where only kernels do it.
  func lower(_ step: StepDescription) -> (any FastStep)?

  /// The elements of a tensor that a way of this backend has arranged, in row-major order; nil where
  /// that fails.
  func rowMajor(
    _ value: RuntimeTensor, _ label: String, _ pool: BufferPool
  ) throws(ModelError) -> RuntimeTensor?

  /// The functions that, one after another, are the given one; nil where the backend has none that are
  /// exact enough.
  func functions(of function: UnaryFunction) -> [ElementFunction]?

  /// Whether these operations can follow a computation of plain numbers within its step.
  func carries(_ chain: [PostOperation], behind computation: Computation) -> Bool

  /// Whether products of bytes pay, whatever the bytes: where all their sums are exact on this machine.
  var multipliesBytes: Bool { get }

  /// Whether products of bytes with this weight pay: where their sums are exact on this machine.
  ///
  /// - Parameters:
  ///   - activation: the type of the bytes that the weight is multiplied with.
  ///   - zeroPoint: what stands for 0 in the weight.
  ///   - computation: the product or convolution.
  func multipliesBytes(
    _ activation: ElementType, by weight: RuntimeTensor, zeroPoint: Int32,
    in computation: Computation
  ) -> Bool

  /// Whether convolutions leave their channels side by side or in blocks.
  var arrangesChannels: Bool { get }

  /// The threads on which kernels work together with the backend; nil for their own.
  var team: Parallelism.Team? { get }

  /// A faster way to products of columns than the kernels'; nil where there is none.
  var columnProduct: ColumnProduct? { get }

  /// Sets the number of threads for what the calling thread starts; called at the start of a run.
  func takeThreads()

  /// Gives up what was needed for a run only.
  func finishRun()
}

extension Backend {
  package func rowMajor(
    _ value: RuntimeTensor, _ label: String, _ pool: BufferPool
  ) throws(ModelError) -> RuntimeTensor? {
    value.arrangement == nil ? value : nil
  }

  package func functions(of function: UnaryFunction) -> [ElementFunction]? { nil }
  package func carries(_ chain: [PostOperation], behind computation: Computation) -> Bool { false }
  package var multipliesBytes: Bool { false }
  package func multipliesBytes(
    _ activation: ElementType, by weight: RuntimeTensor, zeroPoint: Int32,
    in computation: Computation
  ) -> Bool { multipliesBytes }
  package var arrangesChannels: Bool { false }
  package var team: Parallelism.Team? { nil }
  package var columnProduct: ColumnProduct? { nil }
  package func takeThreads() {}
  package func finishRun() {}
}
