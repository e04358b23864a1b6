public import Execution
public import IR
internal import Operators
internal import Samples

/// Stores and computes a model in 16-bit floating-point numbers (quantization.md, "Encodings").
///
/// What does not fit stays in float and is named: operators that are not defined for the type, those
/// whose results hang on small differences, and those through which numbers pass that the type cannot
/// hold, or not finely enough, which a run of the model tells. Conversions stand where the two meet, one for each
/// value however many read it.
public struct HalfEncoding: ModelEncoding {
  /// The types of 16 bits.
  public enum HalfType: String, Sendable, CaseIterable {
    /// 11 bits of precision, up to 65,504.
    case float16
    /// 8 bits of precision, the range of a float.
    case bfloat16

    var elementType: ElementType { self == .float16 ? .float16 : .bfloat16 }
    /// The greatest finite number.
    var greatest: Double { self == .float16 ? 65504 : Double(Float.greatestFiniteMagnitude) }
    /// The greatest numbers of which differences of a quarter are kept.
    var differences: Double { self == .float16 ? 512 : 64 }
    /// The operator set in which operators take the type.
    var opset: Int { self == .float16 ? OperatorSets.oldest : 22 }
  }

  /// The type.
  public let type: HalfType
  /// Whether inputs and outputs of the graph keep their types.
  public var keepsInterface = true
  /// Names or patterns of nodes, outputs or operators that stay in float.
  public var exclude: [String] = []
  /// How the model is run.
  public var options: SessionOptions

  /// An encoding with defaults.
  public init(_ type: HalfType, options: SessionOptions) {
    self.type = type
    self.options = options
  }

  /// The form with inputs and outputs as they are.
  public var forBody: HalfEncoding {
    var own = self
    own.keepsInterface = true
    return own
  }

  /// Writes the model in 16 bits.
  ///
  /// - Parameter samples: those on which magnitudes are measured; noise where there are none.
  public func encodeGraph(
    of model: Model, on samples: EncodingSamples?
  ) throws(ModelError) -> EncodedModel {
    let raised = try model.raised(to: type.opset)
    var notes = raised.notes
    let editor = try EncodingEditor(raised.model)
    var magnitudes: [ValueID: Double] = [:]
    do {
      magnitudes = try measured(raised.model, editor.facts, samples?.run)
    } catch {
      guard error.code == .unsupported else { throw error }
      notes.append("magnitudes were not measured: \(error.message)")
    }
    let choice = HalfChoice(editor.facts, self, magnitudes, raised.model)
    var writer = HalfWriter(editor, self, choice)
    writer.run()
    return try writer.editor.finish(notes: notes + writer.notes)
  }

  /// The largest magnitude of each float value.
  private func measured(
    _ model: Model, _ facts: TypedGraph, _ given: SampleRun?
  ) throws(ModelError) -> [ValueID: Double] {
    let values = facts.graph.valueIDs.filter {
      facts.graph[$0].tensorType?.elementType == .float && facts.graph[$0].producer != nil
    }
    let observer = MagnitudeObserver(Set(values))
    let samples: SampleRun
    if let given {
      samples = given
    } else {
      samples = SampleRun(try Dataset.load("random:4", for: model, seed: 0), for: model)
    }
    try samples.observe(try Session(model, options: options), by: [observer])
    return observer.magnitudes
  }
}

/// Watches how large values become.
final class MagnitudeObserver: Observer {
  let values: Set<ValueID>
  private(set) var magnitudes: [ValueID: Double] = [:]

  init(_ values: Set<ValueID>) { self.values = values }

  func observe(_ value: ValueID, _ view: TensorView) {
    guard view.elementType == .float else { return }
    var largest: Float = 0
    // Infinities are infinities in 16 bits too.
    for element in view.elements(Float.self) where element.magnitude > largest && element.isFinite {
      largest = element.magnitude
    }
    magnitudes[value] = max(magnitudes[value] ?? 0, Double(largest))
  }
}
