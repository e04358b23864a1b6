private import Glibc

/// Another program that runs. Foundation's class for processes would bring all of Foundation into the
/// command, with forty megabytes of Unicode's tables.
struct ChildProcess {
  private let id: pid_t

  /// Starts a program that is looked for as a shell does; nil where there is none.
  ///
  /// - Parameter output: the open file that its output goes to. What it says of errors goes nowhere.
  init?(_ program: String, _ arguments: [String], output: Int32) {
    var actions = posix_spawn_file_actions_t()
    guard posix_spawn_file_actions_init(&actions) == 0 else { return nil }
    defer { posix_spawn_file_actions_destroy(&actions) }
    guard posix_spawn_file_actions_adddup2(&actions, output, 1) == 0,
      posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0) == 0
    else { return nil }
    var id: pid_t = 0
    let status = Self.withPointers([program] + arguments) { words in
      posix_spawnp(&id, program, &actions, nil, words, environ)
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

  /// What a program prints, without the space around it; nil where it fails or is not there.
  static func output(_ program: String, _ arguments: [String]) -> String? {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { return nil }
    // Whoever else is started meanwhile must not hold the end that is written to.
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    let child = ChildProcess(program, arguments, output: ends[1])
    close(ends[1])
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 16)
    while child != nil {
      let count = read(ends[0], &block, block.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      bytes += block.prefix(count)
    }
    close(ends[0])
    guard let child, child.wait() else { return nil }
    let text = String(decoding: bytes, as: UTF8.self)
    guard let first = text.firstIndex(where: { !$0.isWhitespace }),
      let last = text.lastIndex(where: { !$0.isWhitespace })
    else { return "" }
    return String(text[first...last])
  }

  private static func withPointers<Result>(
    _ words: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
  ) -> Result {
    let copies = words.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    return body(copies + [nil])
  }
}
