/// Who computes.
public enum Backend: String, Sendable, CaseIterable {
  /// oneDNN where it has a primitive, reference kernels elsewhere.
  case accelerated
  /// The reference kernels alone: simple, and the same bits whatever the number of threads.
  case reference
}

/// How a session runs its model.
public struct SessionOptions: Sendable {
  /// Who computes.
  public var backend: Backend
  /// The number of threads; 0 stands for the machine's cores.
  public var threads: Int

  /// Makes options.
  public init(backend: Backend = .accelerated, threads: Int = 0) {
    self.backend = backend
    self.threads = threads
  }
}
