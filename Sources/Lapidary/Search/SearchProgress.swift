internal import Samples

/// How far a search is, as a fraction of the models that it will probably make.
struct SearchProgress: Sendable {
  private let report: @Sendable (WorkProgress) -> Void
  private var expected: Double
  private var done = 0.0

  /// What of the work on a model lies before a job of it, and what the job takes.
  private static let shares: [(job: String, before: Double, share: Double)] = [
    ("comparing", 0, 0.3), ("recovering", 0.3, 0.2), ("tuning", 0.5, 0.4), ("measuring", 0.95, 0),
  ]
  private static let steps = 1000.0

  init(expected: Int, _ report: @escaping @Sendable (WorkProgress) -> Void) {
    self.expected = Double(max(1, expected))
    self.report = report
  }

  /// Says what is being done within the next unit of work.
  func show(_ job: String, _ progress: WorkProgress = WorkProgress(done: 0, of: 0)) {
    let part = progress.total > 0 ? Double(progress.done) / Double(progress.total) : 0
    let known = Self.shares.first { $0.job == progress.job }
    let within = known.map { $0.before + $0.share * part } ?? part
    let whole = max(expected, done + 1)
    let detail = progress.job.isEmpty ? "" : ", \(progress.job)"
    report(
      WorkProgress(
        job + detail, done: Int((done + min(within, 1)) * Self.steps),
        of: Int(whole * Self.steps)))
  }

  /// A unit of work is done.
  mutating func finish() { done += 1 }
}
