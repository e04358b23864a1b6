/// How far a long job is: the one shape in which all of them say it.
public struct WorkProgress: Hashable, Sendable {
  /// What is being done, in a word; empty where there is one job only.
  public let job: String
  /// Steps or samples done.
  public let done: Int
  /// All there are; 0 where that is not known.
  public let total: Int

  /// Makes a statement.
  public init(_ job: String = "", done: Int, of total: Int) {
    self.job = job
    self.done = done
    self.total = total
  }

  /// The same about a part of another job.
  public func within(_ job: String) -> WorkProgress { WorkProgress(job, done: done, of: total) }
}
