internal import Execution
public import IR
internal import Operators

extension ModelEncoding {
  /// Writes a model in the form, the bodies of its nodes included.
  ///
  /// - Parameter samples: what the model may be run on where that helps.
  /// - Throws: `ModelError` for a model that cannot be said in the operator set that the form needs.
  public func encode(
    _ model: Model, on samples: EncodingSamples? = nil
  ) throws(ModelError) -> EncodedModel {
    var encoded = try encodeAll(model, samples, reserved: [])
    encoded.notes += model.graph.notes(unmatched: exclude)
    return encoded
  }

  private func encodeAll(
    _ model: Model, _ samples: EncodingSamples?, reserved: Set<String>
  ) throws(ModelError) -> EncodedModel {
    var encoded = try encodeGraph(of: model, on: samples)
    let facts = try inferTypes(encoded.model)
    let outlines = BodyOutline.all(facts, in: encoded.model, excluding: exclude)
    guard !outlines.isEmpty else { return encoded }
    var runs: BodyRuns?
    if let samples {
      runs = try BodyRuns(outlines, facts, encoded.model, on: samples.run, samples.options)
    }
    let names = reserved.union(encoded.model.graph.names)
    for outline in outlines {
      do throws(ModelError) {
        let own = try forBody.encodeAll(
          outline.model,
          samples.flatMap { samples in
            runs?.samples(of: outline).map { EncodingSamples($0, options: samples.options) }
          }, reserved: names)
        try outline.replace(by: own.model, in: &encoded.model, reserved: reserved)
        encoded.nodes += own.nodes
        let notes = own.notes.filter { !encoded.notes.contains($0) }
        encoded.notes += notes.map { "\(outline.label): \($0)" }
      } catch {
        encoded.notes.append("\(outline.label) stays as it was: \(error.message)")
      }
    }
    encoded.model.graph.dropUnusedValues()
    return encoded
  }
}
