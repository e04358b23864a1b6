import ArgumentParser
import Foundation
import Lapidary

/// `lapidary bench`.
struct Bench: ParsableCommand, RunsModels {
  static let configuration = CommandConfiguration(
    abstract: "Measures how long a model takes, and where the time goes.",
    discussion: """
      Runs one batch again and again. Latency is measured first; the table of operators comes from \
      further runs, in which each step is timed.

      Example: lapidary bench Fixtures/fashion/fashion.onnx --runs 20
      """)

  @Argument(help: "The model; - for the standard input.")
  var model: String

  @Option(help: "A batch: an .npz file, a folder of .npy or .pb files, or random:N.")
  var inputs = "random:1"

  @Option(help: "How often to run.")
  var runs = 50

  @Option(
    help: ArgumentHelp("Which implementation runs the model.", valueName: "accelerated|reference"))
  var backend = Backend.accelerated

  @OptionGroup var report: ReportOptions
  @OptionGroup var runOptions: RunOptions

  func validate() throws {
    guard runs > 0 else { throw ValidationError("--runs: expected 1 or more, found \(runs)") }
  }

  func run() throws {
    let measured = try Latency(
      of: model, inputs: inputs, seed: runOptions.seed, runs: runs,
      options: runOptions.session(backend))
    let operators = measured.table
    let text = measured.summary + "\n" + operators.text
    report.print(
      text: text,
      markdown: measured.summary.replacingOccurrences(of: "\n", with: "\n\n") + "\n"
        + operators.markdown,
      json: .object([
        "schema": .int(1), "runs": .int(runs),
        "load_ms": .number(measured.load.milliseconds),
        "plan_ms": .number(measured.plan.milliseconds),
        "first_run_ms": .number(measured.first.milliseconds),
        "median_ms": .number(measured.quantile(0.5).milliseconds),
        "p95_ms": .number(measured.quantile(0.95).milliseconds),
        "min_ms": .number(measured.quantile(0).milliseconds),
        "peak_bytes": .int(measured.peakBytes), "process_bytes": .int(measured.processBytes),
        "growth_bytes": .int(measured.growth),
        "operators": operators.json,
      ]))
  }
}

/// What `bench` measures.
private struct Latency {
  let load: Duration
  let plan: Duration
  let first: Duration
  /// Ascending.
  let times: [Duration]
  let operators: [OperatorTime]
  let profiledRuns: Int
  /// The most memory that the process has held before the operators were timed.
  let peakBytes: Int
  /// What the process held before it read the model: code and libraries.
  let processBytes: Int
  /// How much more memory the process held after the timed runs than after the first tenth of them.
  let growth: Int

  /// For how long the model runs at least before its time is taken.
  private static let warmUp = Duration.milliseconds(300)

  init(
    of path: String, inputs spec: String, seed: UInt64, runs: Int, options: SessionOptions
  ) throws {
    processBytes = Self.memory("VmHWM:")
    let clock = ContinuousClock()
    var started = clock.now
    let model = try ONNXFile.read(path)
    load = clock.now - started
    started = clock.now
    let session = try Session(model, options: options)
    plan = clock.now - started
    let data = try Dataset.load(spec, for: model, seed: seed)
    let batch = try data.inputs(data.batches(of: data.count)[0])
    started = clock.now
    _ = try session.run(batch)
    first = clock.now - started
    let progress = Progress("running", total: runs)
    // A processor that was idle takes a while to reach its speed.
    started = clock.now
    var warmUps = 0
    while warmUps < min(3, runs) || clock.now - started < Self.warmUp {
      _ = try session.run(batch)
      warmUps += 1
    }
    var times: [Duration] = []
    var held = 0
    for run in 1...runs {
      if run == 1 + runs / 10 { held = Self.memory("VmRSS:") }
      started = clock.now
      _ = try session.run(batch)
      times.append(clock.now - started)
      progress.update(run)
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
    guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
      let line = status.split(separator: "\n").first(where: { $0.hasPrefix(figure) }),
      let kilobytes = Int(line.filter(\.isNumber))
    else { return 0 }
    return kilobytes * 1024
  }

  func quantile(_ fraction: Double) -> Duration {
    times[min(times.count - 1, Int(Double(times.count) * fraction))]
  }

  var summary: String {
    func text(_ duration: Duration) -> String {
      NumberText.decimal(duration.milliseconds, 2) + " ms"
    }
    return """
      median \(text(quantile(0.5))), 95 % within \(text(quantile(0.95))), fastest \(text(times[0]))
      loading \(text(load)), planning \(text(plan)), first run \(text(first)), peak memory \
      \(peakBytes / 1_000_000) MB

      """
  }

  /// Time by operator, the longest first.
  var table: Table {
    var table = Table(
      "",
      [
        .init("operator"), .init("count", numeric: true), .init("ms", numeric: true),
        .init("share", numeric: true), .init("GFLOP/s", numeric: true),
      ])
    let whole = operators.reduce(0) { $0 + $1.time.milliseconds }
    for entry in operators.sorted(by: { ($1.time, $0.name) < ($0.time, $1.name) }) {
      let time = entry.time.milliseconds
      let rate = entry.macs > 0 && time > 0 ? 2 * Double(entry.macs) / time / 1e6 : nil
      table.add(
        .init(entry.name), .init(entry.count / profiledRuns),
        .init(
          NumberText.decimal(time / Double(profiledRuns), 3),
          json: .number(time / Double(profiledRuns))),
        .init(
          NumberText.decimal(whole > 0 ? 100 * time / whole : 0, 1) + " %",
          json: .number(whole > 0 ? time / whole : 0)),
        .init(rate.map { NumberText.decimal($0, 1) } ?? "", json: rate.map { .number($0) } ?? .null)
      )
    }
    return table
  }
}

extension Duration {
  /// The length in thousandths of a second.
  var milliseconds: Double {
    Double(components.seconds) * 1e3 + Double(components.attoseconds) / 1e15
  }
}
