internal import Kernels
private import Synchronization

#if canImport(Glibc)
  private import Glibc
#else
  private import Darwin
#endif

/// The threads of oneDNN's OpenMP runtime. Kernels use them as well, so that they and primitives do not
/// compete.
enum OpenMP {
  private typealias Entry = @convention(c) (UnsafeMutableRawPointer?) -> Void
  private typealias SetCount = @convention(c) (Int32) -> Void
  private typealias Count = @convention(c) () -> Int32
  private typealias Start = @convention(c) (Entry, UnsafeMutableRawPointer?, UInt32, UInt32) -> Void

  // The runtime comes with oneDNN and has no header here, so its functions are found by name.
  private static let setCount = symbol("omp_set_num_threads", SetCount.self)
  private static let count = symbol("omp_get_max_threads", Count.self)
  private static let start = symbol("GOMP_parallel", Start.self)

  private static func symbol<T>(_ name: String, _ type: T.Type) -> T? {
    dlsym(nil, name).map { unsafeBitCast($0, to: type) }
  }

  /// The threads for kernels; nil where the runtime is not found.
  static let team: Parallelism.Team? =
    setCount == nil || start == nil ? nil : { @Sendable count, body in run(count, body) }

  /// Sets the number of threads that oneDNN shares work among; 0 stands for the machine's cores.
  static func share(_ threads: Int) {
    setCount?(Int32(clamping: threads > 0 ? threads : cores))
  }

  /// Does something on the calling thread alone.
  static func alone<T, Failure>(_ body: () throws(Failure) -> T) throws(Failure) -> T {
    let before = count?() ?? 0
    share(1)
    defer { share(Int(before)) }
    return try body()
  }

  private static let cores = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))

  /// Calls `body` with every number below `count` on OpenMP's threads.
  private static func run(_ count: Int, _ body: (Int) -> Void) {
    withoutActuallyEscaping(body) { body in
      let work = Work(count, body)
      // No number of threads: as many as `setCount` has set for the calling thread.
      work.open()
      start?({ Work.help($0) }, Unmanaged.passUnretained(work).toOpaque(), 0, 0)
      work.close()
    }
  }

  /// Numbers that threads take one after another.
  private final class Work {
    private let count: Int
    private let body: (Int) -> Void
    private let next = Atomic<Int>(0)
    private let isOpen = Atomic<Bool>(false)

    init(_ count: Int, _ body: @escaping (Int) -> Void) {
      self.count = count
      self.body = body
    }

    // OpenMP's barriers order what the threads do. Saying it once more costs nothing and lets tools
    // see it that do not look into OpenMP.

    /// Shows the threads what has been written before.
    func open() { isOpen.store(true, ordering: .releasing) }

    /// Shows the caller what the threads have written.
    func close() { _ = next.load(ordering: .acquiring) }

    static func help(_ pointer: UnsafeMutableRawPointer?) {
      guard let pointer else { return }
      let work = Unmanaged<Work>.fromOpaque(pointer).takeUnretainedValue()
      _ = work.isOpen.load(ordering: .acquiring)
      while true {
        let number = work.next.wrappingAdd(1, ordering: .acquiringAndReleasing).oldValue
        guard number < work.count else { return }
        work.body(number)
      }
    }
  }
}
