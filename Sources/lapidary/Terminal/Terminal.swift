import Glibc
import Lapidary

/// The standard streams. What does not get through is an error, never a shorter text.
struct Terminal {
  /// Where reports go.
  static let output = Terminal(descriptor: 1, name: "standard output")
  /// Where messages go.
  static let errors = Terminal(descriptor: 2, name: "standard error")

  let descriptor: Int32
  let name: String

  /// Whether a person may be watching.
  var isTerminal: Bool { isatty(descriptor) != 0 }

  /// The columns of the terminal; nil for a file or a pipe.
  var width: Int? {
    var size = winsize()
    guard isTerminal, ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
      return nil
    }
    return Int(size.ws_col)
  }

  /// Writes a text as a whole.
  func write(_ text: String) throws(ModelError) {
    Progress.clear()
    var text = text
    let failure = text.withUTF8 { bytes -> Int32 in
      var rest = UnsafeRawBufferPointer(bytes)
      while !rest.isEmpty {
        let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { return errno }
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      }
      return 0
    }
    guard failure == 0 else {
      let reason = String(cString: strerror(failure)).lowercased()
      throw ModelError(.file, "\(name): expected room to write the report, found: \(reason)")
    }
  }

  /// Writes a message; where nobody can be told, nobody is.
  func say(_ text: String) { try? write(text) }

  /// Puts something that cannot be written to in the place of streams that are closed, so that no
  /// file that is opened gets their numbers and is taken for them.
  static func occupyClosedStreams() {
    for descriptor in Int32(0)...2 where fcntl(descriptor, F_GETFD) < 0 {
      _ = open("/dev/null", O_RDONLY)
    }
  }
}
