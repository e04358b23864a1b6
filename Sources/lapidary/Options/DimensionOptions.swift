import ArgumentParser
import Lapidary

/// Lengths for dimensions that a model leaves open.
struct DimensionOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A length for an open dimension, by its symbol or by input and axis, such as --dim N=1 or "
        + "--dim input:0=1.", valueName: "NAME=LENGTH"))
  var dim: [String] = []

  /// The model with these lengths at its inputs, and those that have a symbol.
  ///
  /// - Throws: `ModelError` for a name that no open dimension has.
  func bound(_ model: Model) throws(ModelError) -> BoundDimensions {
    try BoundDimensions(model, dim)
  }
}
