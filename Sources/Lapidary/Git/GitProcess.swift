private import FoundationEssentials
private import Glibc

/// A running git. Foundation's class for processes would bring all of Foundation into the command, with
/// forty megabytes of Unicode's tables.
struct GitProcess {
  private let id: pid_t

  /// Starts git; nil where there is none.
  ///
  /// - Parameters:
  ///   - folder: where git works; nil for the current folder.
  ///   - output: the open file that its output goes to. What it says of errors goes nowhere.
  init?(_ arguments: [String], in folder: String?, output: Int32) {
    var actions = posix_spawn_file_actions_t()
    guard posix_spawn_file_actions_init(&actions) == 0 else { return nil }
    defer { posix_spawn_file_actions_destroy(&actions) }
    guard posix_spawn_file_actions_adddup2(&actions, output, 1) == 0,
      posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0) == 0
    else { return nil }
    let words = ["git"] + (folder.map { ["-C", $0] } ?? []) + arguments
    let environment = ProcessInfo.processInfo.environment.map { "\($0)=\($1)" }
    var id: pid_t = 0
    let status = Self.withPointers(words) { words in
      Self.withPointers(environment) { environment in
        posix_spawnp(&id, "git", &actions, nil, words, environment)
      }
    }
    guard status == 0 else { return nil }
    self.id = id
  }

  /// Waits for the end.
  ///
  /// - Returns: whether it was a good one.
  func wait() -> Bool {
    var status: Int32 = 0
    while waitpid(id, &status, 0) < 0 {
      guard errno == EINTR else { return false }
    }
    return status == 0
  }

  private static func withPointers<Result>(
    _ words: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
  ) -> Result {
    let copies = words.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    return body(copies + [nil])
  }
}
