import Dispatch
import Glibc
import Lapidary

/// Leaves nothing behind when a person or the system ends the command: no file under a temporary
/// name, no half of a line.
enum Interruption {
  private static let signals = [SIGINT, SIGTERM, SIGHUP]
  /// A queue of its own: the others may be busy with the model.
  private static let queue = DispatchQueue(label: "interruption", qos: .userInteractive)
  private nonisolated(unsafe) static var sources: [any DispatchSourceSignal] = []

  /// Watches the signals that are not ignored already, as those of `nohup` are. Called once, before
  /// any other thread runs.
  static func watch() {
    for number in signals {
      var action = sigaction()
      guard sigaction(number, nil, &action) == 0,
        unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) != 1
      else { continue }
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler {
        Progress.clear()
        TextFile.abandonPending()
        // Ends as it would have without us, so that callers see the signal.
        signal(number, SIG_DFL)
        kill(getpid(), number)
      }
      source.resume()
      sources.append(source)
    }
  }
}
