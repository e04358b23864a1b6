/// Who computes in a session. The module of a backend adds its own choice.
public struct BackendChoice: Sendable, CustomStringConvertible {
  /// The name by which commands and reports call it.
  public let name: String
  /// Makes the backend for a number of threads, 0 for the machine's cores; nil where it does not work
  /// on this machine, and for the reference kernels alone.
  package let open: @Sendable (_ threads: Int) -> (any Backend)?

  /// The name.
  public var description: String { name }

  package init(_ name: String, open: @escaping @Sendable (_ threads: Int) -> (any Backend)?) {
    self.name = name
    self.open = open
  }

  /// The reference kernels alone: simple, and the same bits whatever the number of threads.
  public static let reference = BackendChoice("reference") { _ in nil }
}
