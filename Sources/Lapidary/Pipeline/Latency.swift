public import Execution
public import IR
public import Samples
internal import ONNXFile

/// How long a model takes, and what memory it holds.
public struct Latency: Sendable {
  /// Reading the file.
  public let load: Duration
  /// Making the session.
  public let plan: Duration
  /// The first run, in which primitives are compiled.
  public let first: Duration
  /// The runs, ascending.
  public let times: [Duration]
  /// Where the time went, in further runs.
  public let operators: [OperatorTime]
  /// The number of further runs.
  public let profiledRuns: Int
  /// The most memory that the process has held before the operators were timed.
  public let peakBytes: Int
  /// What the process held before it read the model: code and libraries.
  public let processBytes: Int
  /// How much more memory the process held after the timed runs than after the first tenth of them.
  public let growth: Int

  /// For how long the model runs at least before its time is taken.
  private static let warmUp = Duration.milliseconds(300)

  /// Measures the model at a path.
  ///
  /// - Parameters:
  ///   - data: makes the batch once the model is read.
  ///   - runs: how often to run; 1 or more.
  ///   - progress: called with the number of runs done.
  public init(
    of path: String, data: (Model) throws(ModelError) -> Dataset, runs: Int,
    options: SessionOptions, progress: (Int) -> Void = { _ in }
  ) throws(ModelError) {
    processBytes = Self.memory("VmHWM:")
    let clock = ContinuousClock()
    var started = clock.now
    let model = try ONNXFile.read(path)
    load = clock.now - started
    started = clock.now
    let session = try Session(model, options: options)
    plan = clock.now - started
    let data = try data(model)
    let batch = try data.inputs(data.batches(of: data.count)[0])
    started = clock.now
    _ = try session.run(batch)
    first = clock.now - started
    // A processor that was idle takes a while to reach its speed.
    started = clock.now
    var warmUps = 0
    while warmUps < min(3, runs) || clock.now - started < Self.warmUp {
      _ = try session.run(batch)
      warmUps += 1
    }
    var times: [Duration] = []
    var held = 0
    for run in 1...max(1, runs) {
      if run == 1 + runs / 10 { held = Self.memory("VmRSS:") }
      started = clock.now
      _ = try session.run(batch)
      times.append(clock.now - started)
      progress(run)
    }
    self.times = times.sorted()
    growth = Self.memory("VmRSS:") - held
    peakBytes = Self.memory("VmHWM:")
    profiledRuns = min(10, runs)
    operators = try session.profile(batch, runs: profiledRuns)
  }

  /// A figure of bytes that the system keeps of this process; 0 where it does not. `getrusage`
  /// would count the program that started this one as well.
  private static func memory(_ figure: String) -> Int {
    guard let status = try? TextFile.read("/proc/self/status"),
      let line = String(decoding: status, as: UTF8.self).split(separator: "\n")
        .first(where: { $0.hasPrefix(figure) }),
      let kilobytes = Int(line.filter(\.isNumber))
    else { return 0 }
    return kilobytes * 1024
  }

  /// The time within which a fraction of the runs lie.
  public func quantile(_ fraction: Double) -> Duration {
    times[min(times.count - 1, Int(Double(times.count) * fraction))]
  }
}
