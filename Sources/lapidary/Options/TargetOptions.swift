import ArgumentParser
import Lapidary

/// How much to prune: one of four measures.
struct TargetOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Remove this fraction of each group's channels.", valueName: "0..1"))
  var ratio: Double?

  @Option(help: ArgumentHelp("Keep this fraction of the multiply-accumulates.", valueName: "0..1"))
  var macs: Double?

  @Option(help: ArgumentHelp("Keep this fraction of the parameters.", valueName: "0..1"))
  var params: Double?

  @Option(help: ArgumentHelp("Keep this fraction of the bytes.", valueName: "0..1"))
  var bytes: Double?

  func validate() throws {
    let given = [ratio, macs, params, bytes].compactMap { $0 }
    guard given.count <= 1 else {
      throw ValidationError("give only one of --ratio, --macs, --params and --bytes")
    }
    try Fraction.check(ratio, "--ratio")
    try Fraction.check(macs, "--macs")
    try Fraction.check(params, "--params")
    try Fraction.check(bytes, "--bytes")
  }

  /// The target, or nil when none is given.
  var target: PruningOptions.Target? {
    ratio.map { .ratio($0) } ?? macs.map { .macs($0) } ?? params.map { .parameters($0) }
      ?? bytes.map { .bytes($0) }
  }
}
