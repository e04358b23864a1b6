public import IR
public import Passes
internal import Samples

extension Recipe {
  private enum EditKey: String, CaseIterable {
    case repair, join, connect, dim, batch, extract, outputs, replace, remove, preprocess, pictures,
      layout, rename, deduplicate, strip, metadata
    case dropOutputs = "drop-outputs"
    case inputType = "input-type"
    case constantInputs = "constant-inputs"
    case irVersion = "ir-version"
  }

  /// The model with the edits that the recipe asks for, which come before all stages: data and figures
  /// are of the edited model.
  ///
  /// - Parameter verification: how each edit is proved; nil for no proof.
  public func edited(
    _ model: Model, verification: Verification?
  ) throws(ModelError) -> (model: Model, steps: [EditSequence.Step]) {
    var result = model
    var steps: [EditSequence.Step] = []
    for request in edits {
      steps += try EditSequence(try request.edits(of: result))
        .run(&result, verification: verification)
    }
    return (result, steps)
  }

  /// Reads one mapping of edits, or a list of them that are done one after the other.
  static func edits(_ field: RecipeField) throws(ModelError) -> [EditRequest] {
    guard let list = field.value as? [Any] else { return [try edit(field)] }
    return try list.enumerated().map { index, item throws(ModelError) in
      try edit(RecipeField("\(field.name)[\(index)]", item))
    }
  }

  private static func edit(_ field: RecipeField) throws(ModelError) -> EditRequest {
    var request = EditRequest()
    for field in try field.fields() {
      switch try field.key(EditKey.self) {
      case .repair: request.repairs = try field.flag()
      case .join: request.join = try field.string()
      case .connect: request.connect = try field.pairs()
      case .dim: request.dim = try field.pairs()
      case .batch: request.batch = try field.word()
      case .extract: request.extract = try field.string()
      case .outputs: request.outputs = try field.strings()
      case .dropOutputs: request.dropOutputs = try field.strings()
      case .replace: request.replace = try field.pairs()
      case .remove: request.remove = try field.strings()
      case .preprocess: request.preprocess = try Preprocessing(try field.word())
      case .pictures: request.pictures = try field.string()
      case .inputType: request.inputType = try field.choice(EditRequest.PixelType.self)
      case .layout: request.layout = try field.strings()
      case .rename: request.rename = try field.pairs()
      case .constantInputs: request.constantInputs = try field.flag()
      case .deduplicate: request.deduplicate = try field.flag()
      case .strip: request.strip = try field.choices(StripModel.Kind.self)
      case .metadata: request.metadata = try field.pairs()
      case .irVersion: request.irVersion = try field.integer()
      }
    }
    return request
  }
}

extension RecipeField {
  /// A word or a number, as a word.
  fileprivate func word() throws(ModelError) -> String {
    if let number = value as? Int { return "\(number)" }
    return try string()
  }

  /// `KEY=VALUE` texts, or a mapping.
  fileprivate func pairs() throws(ModelError) -> [String] {
    guard let mapping = value as? [String: Any] else { return try strings() }
    return mapping.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
  }

  /// One word of several, or a list of such.
  fileprivate func choices<T: RawRepresentable & CaseIterable>(
    _ type: T.Type
  ) throws(ModelError) -> [T] where T.RawValue == String {
    guard let list = value as? [Any] else { return [try choice(type)] }
    return try list.map { item throws(ModelError) in try RecipeField(name, item).choice(type) }
  }
}
