import Dispatch
import Glibc
import Lapidary
import Synchronization

/// A line on the standard error that says how far a long job is and how long it will take: only on a
/// terminal, and only for jobs of more than a second.
///
/// It is drawn by a clock of its own, so that a long step without news is seen to go on.
final class Progress: Sendable {
  private struct State {
    var label: String
    var detail = ""
    var fraction: Double?
    var start = ContinuousClock.now
    var isShown = false
    var isOver = false
  }

  private let total: Int?
  private let state: Mutex<State>
  private nonisolated(unsafe) let clock: (any DispatchSourceTimer)?
  /// The progress that may have a line on the screen.
  private static let current = Mutex<WeakBox>(WeakBox())

  private struct WeakBox { weak var value: Progress? }

  init(_ label: String, total: Int? = nil) {
    self.total = total
    state = Mutex(State(label: label))
    guard Terminal.errors.isTerminal else {
      clock = nil
      return
    }
    let timer = DispatchSource.makeTimerSource(queue: .global(qos: .utility))
    clock = timer
    Self.current.withLock { $0.value = self }
    timer.schedule(deadline: .now() + 1, repeating: 0.5)
    timer.setEventHandler { [weak self] in self?.draw() }
    timer.resume()
  }

  /// Says how many of all steps are done.
  func update(_ done: Int) {
    state.withLock {
      $0.detail = total.map { "\(done)/\($0)" } ?? "\(done)"
      if let total, total > 0 { $0.fraction = min(1, Double(done) / Double(total)) }
    }
  }

  /// Says how far a job is.
  func update(_ progress: WorkProgress) {
    guard !progress.job.isEmpty else { return update(progress.done) }
    let isCounted = progress.total > 0
    show(
      progress.job,
      fraction: isCounted ? min(1, Double(progress.done) / Double(progress.total)) : nil)
  }

  /// Says what is being done.
  ///
  /// - Parameter fraction: how much of it is done, where that is known.
  func show(_ text: String, fraction: Double? = nil) {
    state.withLock {
      // What goes further is the same job under another name.
      let goesOn = ($0.fraction ?? 0) > 0 && (fraction ?? 0) >= $0.fraction ?? 0
      if $0.detail != text, !goesOn { $0.start = .now }
      $0.detail = text
      $0.fraction = fraction
    }
  }

  private func draw() {
    state.withLock { state in
      guard !state.isOver else { return }
      state.isShown = true
      Self.put("\r\u{1B}[K" + Self.line(state, width: Terminal.errors.width ?? 80))
    }
  }

  private static func line(_ state: State, width: Int) -> String {
    let elapsed = ContinuousClock.now - state.start
    let seconds = Double(elapsed.components.seconds)
    var line = state.label
    if let fraction = state.fraction {
      let bar = 20, filled = Int(fraction * Double(bar))
      line += " [" + String(repeating: "#", count: filled)
      line += String(repeating: ".", count: bar - filled) + "]"
    }
    if !state.detail.isEmpty { line += " " + state.detail }
    if let fraction = state.fraction, fraction > 0, seconds > 0 {
      line += ", \(time(seconds * (1 - fraction) / fraction)) left"
    } else {
      line += ", \(time(seconds))"
    }
    return String(line.prefix(max(0, width - 1)))
  }

  private static func time(_ seconds: Double) -> String {
    let whole = Int(seconds.rounded())
    return whole < 60 ? "\(whole) s" : "\(whole / 60) min \(whole % 60) s"
  }

  private static func put(_ text: String) {
    // What does not get through is no loss.
    _ = Array(text.utf8).withUnsafeBytes { Glibc.write(2, $0.baseAddress, $0.count) }
  }

  private func end() {
    clock?.cancel()
    state.withLock { state in
      if state.isShown { Self.put("\r\u{1B}[K") }
      state.isShown = false
      state.isOver = true
    }
  }

  /// Takes the line off the screen, for good: a report or a message follows.
  static func clear() {
    let shown = current.withLock { box in
      let shown = box.value
      box.value = nil
      return shown
    }
    shown?.end()
  }

  deinit { end() }
}
