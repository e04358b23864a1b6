import ArgumentParser
import Lapidary

/// Whether and how values inside two models are compared by running both.
struct NumericOptions: ParsableArguments {
  @Flag(help: "Run both models and compare every value that both compute.")
  var numeric = false

  @Option(
    help: "Samples for --numeric: an .npz file, a folder of .npy or .pb files, or random:N.",
    completion: .file())
  var inputs = "random:1"

  @Option(
    help: "The largest difference for --numeric, relative to a value's largest magnitude.")
  var tolerance = 1e-4

  func validate() throws {
    guard tolerance >= 0 else {
      throw ValidationError("--tolerance: expected 0 or more, found \(tolerance)")
    }
  }

  /// The comparison; nil where it is not asked for.
  func compare(_ a: Model, _ b: Model, _ run: RunOptions) throws(ModelError) -> NumericDiff? {
    guard numeric else { return nil }
    // Samples are for the model that takes fewer shapes; the other takes these too.
    let isOpen = a.graph.requiredInputs.contains { info in
      info.type?.tensor?.shape?.dimensions.contains { $0.value == nil } ?? true
    }
    let data = try run.data(inputs, for: isOpen ? b : a)
    return try NumericDiff(a, b, on: data, options: run.session(), tolerance: tolerance)
  }
}
