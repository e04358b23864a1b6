internal import Execution
public import Reports

extension Latency {
  /// What `bench` reports: times and memory, then time by operator, the longest first.
  public var report: Report {
    func time(_ duration: Duration) -> Cell {
      .quantity(duration.milliseconds, .milliseconds, digits: 2)
    }
    var report = Report()
    report.add(data: ["runs": .int(times.count)])
    report.add(
      """
      median \(time(quantile(0.5)), key: "median_ms"), \
      95 % within \(time(quantile(0.95)), key: "p95_ms"), \
      fastest \(time(times[0]), key: "min_ms")
      """)
    let peak = Cell.both("\(peakBytes / 1_000_000) MB", .int(peakBytes))
    report.add(
      """
      loading \(time(load), key: "load_ms"), planning \(time(plan), key: "plan_ms"), \
      first run \(time(first), key: "first_run_ms"), peak memory \(peak, key: "peak_bytes")
      """)
    report.add(data: ["process_bytes": .int(processBytes), "growth_bytes": .int(growth)])
    report.blocks.append(.gap)
    report.add(operatorTable)
    return report
  }

  private var operatorTable: Table {
    let whole = operators.reduce(0) { $0 + $1.time.milliseconds }
    let runs = Double(profiledRuns)
    return Table(
      "operators", of: operators.sorted { ($1.time, $0.name) < ($0.time, $1.name) },
      [
        (.init("operator"), { .text($0.name) }),
        (.init("count", numeric: true), { .count($0.count / profiledRuns) }),
        (
          .init("ms", numeric: true, saysUnit: true),
          { .quantity($0.time.milliseconds / runs, .milliseconds, digits: 3) }
        ),
        (
          .init("share", numeric: true),
          { .quantity(whole > 0 ? $0.time.milliseconds / whole : 0, .percent, digits: 1) }
        ),
        (
          .init("gflops", "GFLOP/s", numeric: true),
          {
            let time = $0.time.milliseconds
            guard $0.macs > 0, time > 0 else { return .missing("") }
            return .quantity(2 * Double($0.macs) / time / 1e6, digits: 1)
          }
        ),
      ])
  }
}

extension Duration {
  /// The length in thousandths of a second.
  package var milliseconds: Double {
    Double(components.seconds) * 1e3 + Double(components.attoseconds) / 1e15
  }
}
