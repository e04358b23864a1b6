import Lapidary

/// Forms that need no calibration.
extension Quantize {
  /// Writes the model in fewer bits and compares it with the original.
  func encode(_ original: Model, to destination: OutputOptions) throws(ModelError) {
    let data = try calibration.map { path throws(ModelError) in
      try runOptions.data(path, for: try dimensions.bound(original).model)
    }
    let encoding = form.encoding(
      usesAllBits: profile.usesAllBits, rounding: rounding, exclude: exclude, runOptions)
    // Nothing else is fitted to the samples.
    let parts = rounding == .nearest ? nil : data?.parts
    let samples = (parts?.fit ?? data).map {
      EncodingSamples($0, for: original, options: runOptions.session())
    }
    guard let encoded = try encoding?.encode(original, on: samples) else { return }
    let comparison = try verification.comparison(
      original, encoded.model, on: parts?.proof ?? data, runOptions)
    try destination.write(encoded.model, placement, from: original, at: model)
    let notes = ModelNotes(original).lines + encoded.notes + (comparison?.notes ?? [])
    try report.print(
      encoded.report(
        before: original, comparison, wasAsked: verification.verify, notes: notes),
      toStandardError: destination.reportsToStandardError)
  }
}
