package import Kernels

/// How a session runs its model.
public struct SessionOptions: Sendable {
  /// Who computes.
  public var backend: BackendChoice
  /// The number of threads; 0 stands for the machine's cores.
  public var threads: Int
  /// Whether the constants of a large model stay in memory, in the layouts that kernels want. A
  /// model that runs once needs each only while a node reads it.
  public var keepsConstants = true

  /// Whether products of bytes are summed up as on processors with AVX2 or AVX-512 but without VNNI,
  /// where pairs of them saturate at 16 bits.
  public var saturates = false

  /// Makes options.
  public init(backend: BackendChoice, threads: Int = 0) {
    self.backend = backend
    self.threads = threads
  }
}

extension SessionOptions {
  /// Whether steps multiply all bytes here: where the processor's sums of such products are exact.
  package var multipliesBytes: Bool { backend.open(threads)?.multipliesBytes ?? false }

  /// A faster way to products of columns than the kernels'; nil where there is none.
  package var columnProduct: ColumnProduct? { backend.open(threads)?.columnProduct }

  /// Whether convolutions here leave their channels side by side or in blocks.
  package var arrangesChannels: Bool { backend.open(threads)?.arrangesChannels ?? false }
}
