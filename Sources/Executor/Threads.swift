internal import Kernels

#if canImport(Glibc)
  private import Glibc
#else
  private import Darwin
#endif

/// The number of threads of the kernels and of oneDNN's OpenMP runtime.
enum Threads {
  private typealias SetCount = @convention(c) (Int32) -> Void

  /// The runtime comes with oneDNN and has no header here, so it is found by name.
  private static let setCount: SetCount? = {
    guard let symbol = dlsym(nil, "omp_set_num_threads") else { return nil }
    return unsafeBitCast(symbol, to: SetCount.self)
  }()

  /// Sets the number of threads for work that the calling thread starts.
  static func use(_ threads: Int, backend: Backend) {
    let count = threads > 0 ? threads : max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    Parallelism.threads = threads
    if backend == .accelerated { setCount?(Int32(clamping: count)) }
  }
}
