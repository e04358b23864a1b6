#if canImport(Glibc)
  import Glibc
#endif

/// A command that runs models.
protocol RunsModels {
  /// Whether it will, with the options that it was given.
  var runsModels: Bool { get }
}

extension RunsModels {
  /// Most such commands always do.
  var runsModels: Bool { true }
}

/// Keeps oneDNN's threads from spinning while they wait for each other.
///
/// GNU's OpenMP runtime spins for milliseconds by default, which on a machine with other work makes
/// networks many times slower. It reads its settings when it is loaded, before any code of this
/// program, so the program starts itself once more with them. What the user has set wins.
enum PatientThreads {
  private static let setting = "GOMP_SPINCOUNT"

  static func ensure() {
    #if canImport(Glibc)
      guard getenv(setting) == nil, getenv("OMP_WAIT_POLICY") == nil else { return }
      setenv(setting, "2000", 1)
      // Returns only when it fails; then all goes on as it is.
      execv("/proc/self/exe", CommandLine.unsafeArgv)
    #endif
  }
}
