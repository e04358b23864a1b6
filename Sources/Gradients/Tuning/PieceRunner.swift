private import Dispatch
internal import Execution
import IR
internal import Platform
private import Synchronization

/// Runs one graph on several pieces of a step's samples at a time, each on one thread: what comes
/// out does not depend on how many there are.
final class PieceRunner: Sendable {
  private let sessions: [Session]

  /// - Parameter threads: how many pieces run at a time; 0 stands for the machine's cores.
  init(_ model: Model, threads: Int, backend: BackendChoice) throws(ModelError) {
    let count = threads > 0 ? threads : Machine.processorCount
    var sessions: [Session] = []
    for _ in 0..<count {
      sessions.append(try Session(model, options: SessionOptions(backend: backend, threads: 1)))
    }
    self.sessions = sessions
  }

  /// The results of each piece, in order.
  ///
  /// - Parameters:
  ///   - shared: inputs that all pieces take.
  ///   - consume: takes in the results, in the order of the pieces.
  func run(
    _ pieces: [[String: Tensor]], shared: [String: Tensor],
    consume: (_ piece: Int, _ results: [String: Tensor]) throws(ModelError) -> Void
  ) throws(ModelError) {
    for start in stride(from: 0, to: pieces.count, by: sessions.count) {
      let now = Array(pieces[start..<min(start + sessions.count, pieces.count)])
      let found = Mutex<[Int: Result<[String: Tensor], ModelError>]>([:])
      DispatchQueue.concurrentPerform(iterations: now.count) { place in
        let result: Result<[String: Tensor], ModelError>
        do throws(ModelError) {
          result = .success(
            try sessions[place].run(now[place].merging(shared) { own, _ in own }))
        } catch {
          result = .failure(error)
        }
        found.withLock { $0[place] = result }
      }
      let results = found.withLock { $0 }
      for place in now.indices {
        guard let result = results[place] else { continue }
        try consume(start + place, try result.get())
      }
    }
  }
}
