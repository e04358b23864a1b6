import Lapidary

/// Forms that need no calibration.
extension Quantize {
  /// Writes the model in fewer bits and compares it with the original.
  func encode(_ original: Model, to destination: OutputOptions) throws(ModelError) {
    let data = try calibration.map { path throws(ModelError) in
      try runOptions.data(path, for: try dimensions.bound(original).model)
    }
    let encoding = form.encoding(
      usesAllBits: profile.usesAllBits, exclude: exclude, data: data, runOptions)
    guard let encoded = try encoding?.encode(original) else { return }
    let comparison = try verification.comparison(original, encoded.model, on: data, runOptions)
    try destination.write(encoded.model, placement, from: original, at: model)
    let notes = ModelNotes(original).lines + encoded.notes + (comparison?.notes ?? [])
    try report.print(
      encoded.report(
        before: original, comparison, wasAsked: verification.verify, notes: notes),
      toStandardError: destination.reportsToStandardError)
  }
}
