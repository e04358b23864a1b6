internal import Execution
internal import IR
internal import Samples

/// How long a run of one sample takes, and how long the original takes on the same machine in the
/// same minutes.
///
/// What else a machine does makes runs longer, never shorter, and it may do so for longer than half of the
/// time: times are those that a quarter of the blocks of runs stay below.
public struct RunTime: Sendable, Hashable, Codable {
  /// Seconds: of each block of runs the median, of these the lower quartile.
  public let seconds: Double
  /// The same of the original.
  public let original: Double
  /// The same in onnxruntime; nil where no Python is there that has it.
  public let onnxruntime: Other?

  /// Times in another runtime.
  public struct Other: Sendable, Hashable, Codable {
    /// Seconds of a run.
    public let seconds: Double
    /// The same of the original.
    public let original: Double

    package init(seconds: Double, original: Double) {
      self.seconds = seconds
      self.original = original
    }
  }

  /// The seconds that stand for a run that cannot be: longer than any that is asked for.
  package static let noRun = 1e6

  package init(seconds: Double, original: Double, onnxruntime: Other? = nil) {
    self.seconds = seconds
    self.original = original
    self.onnxruntime = onnxruntime
  }

  /// The part of the original's time that it takes, in blocks of runs that alternate; of two runtimes in that
  /// where it is more.
  public var share: Double {
    let own = seconds / max(original, 1e-9)
    return onnxruntime.map { max(own, $0.seconds / max($0.original, 1e-9)) } ?? own
  }

  private static let warmUp = Duration.milliseconds(150)
  private static let block = Duration.milliseconds(30)
  private static let blocks = 31

  /// Measures by turns, so that what else the machine does concerns both alike.
  static func measure(
    _ model: Model, against original: Model, on data: Dataset, _ options: SessionOptions,
    _ onnxruntime: OnnxruntimeLatency?
  ) throws(ModelError) -> RunTime {
    let inputs = try data.inputs(data.batches(of: 1)[0])
    let sessions = [
      try Session(model, options: options), try Session(original, options: options),
    ]
    let clock = ContinuousClock()
    for session in sessions {
      let start = clock.now
      repeat { _ = try session.run(inputs) } while clock.now - start < warmUp
    }
    var medians: [[Double]] = [[], []]
    for _ in 0..<blocks {
      for (place, session) in sessions.enumerated() {
        var times: [Duration] = []
        let begin = clock.now
        repeat {
          let start = clock.now
          _ = try session.run(inputs)
          times.append(clock.now - start)
        } while clock.now - begin < block
        medians[place].append(times.sorted()[times.count / 2] / .seconds(1))
      }
    }
    let other = onnxruntime?.blocks(of: [model, original], count: blocks)
    return RunTime(
      seconds: lowerQuartile(medians[0]), original: lowerQuartile(medians[1]),
      onnxruntime: other.map {
        Other(seconds: lowerQuartile($0[0]), original: lowerQuartile($0[1]))
      })
  }

  private static func lowerQuartile(_ values: [Double]) -> Double {
    values.sorted()[values.count / 4]
  }
}
