internal import COneDNN
public import Execution
public import IR

extension BackendChoice {
  /// oneDNN where it has a primitive, reference kernels elsewhere.
  public static let accelerated = BackendChoice("accelerated") { Accelerator(threads: $0) }

  /// The version of oneDNN, such as `2.6.3`.
  public static var libraryVersion: String {
    guard let version = dnnl_version()?.pointee else { return "?" }
    return "\(version.major).\(version.minor).\(version.patch)"
  }
}

extension SessionOptions {
  /// Options for the accelerated backend.
  ///
  /// - Parameter threads: 0 stands for the machine's cores.
  public init(threads: Int = 0) { self.init(backend: .accelerated, threads: threads) }
}

extension Session {
  /// Plans the model's graph for the accelerated backend.
  ///
  /// - Throws: `ModelError`, with code `unsupported` where a node cannot be evaluated.
  public convenience init(_ model: Model) throws(ModelError) {
    try self.init(model, options: SessionOptions())
  }
}
