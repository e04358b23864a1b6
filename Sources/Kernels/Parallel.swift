private import Dispatch
private import Synchronization

/// How many threads kernels may use. The results do not depend on it: work is split over disjoint
/// outputs, and the order of each sum is fixed.
package enum Parallelism {
  private static let limit = Atomic<Int>(0)

  /// The number of threads; 0 stands for the machine's cores.
  package static var threads: Int {
    get { limit.load(ordering: .relaxed) }
    set { limit.store(newValue, ordering: .relaxed) }
  }

  /// Calls its second argument with every number below the first, on the threads of somebody else.
  package typealias Team = @Sendable (_ count: Int, _ body: (Int) -> Void) -> Void

  private static let adopted = Adopted<Team>()

  /// Whose threads kernels use; nil for Dispatch's. Two sets of threads that wait for work on the
  /// same cores hold each other up.
  package static var team: Team? {
    get { adopted.value }
    set { adopted.value = newValue }
  }
}

/// Calls `body` with consecutive ranges that cover `0..<count`, on several threads when there are
/// more than `grain` items. `body` must write only to what belongs to its range.
package func parallel(_ count: Int, grain: Int, _ body: (Range<Int>) -> Void) {
  guard Parallelism.threads != 1, count > grain, grain > 0 else { return body(0..<count) }
  let chunks = min((count + grain - 1) / grain, 64)
  withoutActuallyEscaping(body) { body in
    let work = Unchecked(body)
    if let team = Parallelism.team {
      return team(chunks) { chunk in
        work.value(chunk * count / chunks..<(chunk + 1) * count / chunks)
      }
    }
    DispatchQueue.concurrentPerform(iterations: chunks) { chunk in
      work.value(chunk * count / chunks..<(chunk + 1) * count / chunks)
    }
  }
}

/// Carries the body to the worker threads, which all end before `parallel` returns.
private struct Unchecked<T>: @unchecked Sendable {
  let value: T
  init(_ value: T) { self.value = value }
}
