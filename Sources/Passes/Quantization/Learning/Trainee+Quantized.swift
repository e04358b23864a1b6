public import Gradients
public import IR
internal import Operators

extension Trainee {
  /// A model in QDQ form whose weights, scales and biases learn through its quantizers; its integers are
  /// what is written.
  ///
  /// Nothing but initializers changes. Integers keep to the bits that a weight uses, scales that were
  /// equal around a node that moves or joins elements stay so, and what could not saturate still cannot.
  ///
  /// - Throws: `ModelError` for a model without quantizers.
  public init(quantized model: Model) throws(ModelError) {
    let unpacked = try UnpackedModel(model)
    let survey = try QuantizerSurvey(unpacked.model)
    guard !survey.isEmpty else {
      throw ModelError(
        .request,
        "tuning: expected a model in QDQ form, with QuantizeLinear and DequantizeLinear, found no quantizer",
        hint: "write one with lapidary quantize, or leave --quantized out")
    }
    let thawed = try ThawedModel(unpacked.model, survey)
    let frozen = FrozenModel(unpacked.model, thawed)
    let floats = try Parameters(of: unpacked.model).values.filter {
      thawed.model.graph[$0].initializer != nil
    }
    var notes: [String] = []
    if !survey.left.isEmpty {
      notes.append(
        "\(survey.left.count) constants keep their integers: "
          + survey.left.prefix(3).joined(separator: "; "))
    }
    self.init(
      model, learning: thawed.model, parameters: thawed.parameters + floats, rules: thawed.rules,
      notes: notes
    ) { elements throws(ModelError) in unpacked.packed(frozen.model(elements)) }
  }

  /// Whether a model has weights in integers that only learn through its quantizers.
  public static func hasQuantizers(_ model: Model) throws(ModelError) -> Bool {
    try !QuantizerSurvey(model).isEmpty
  }
}
