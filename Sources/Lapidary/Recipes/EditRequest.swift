public import IR
internal import ONNXFile
public import Passes
public import Samples

/// Edits of a model as users ask for them, in the command line's words. However they are given, they
/// are done in one order: what puts the model right, what makes it another part or size, what is
/// before its inputs, names, and what it says of itself.
public struct EditRequest: Sendable {
  /// Whether to put right what runtimes refuse.
  public var repairs = false
  /// A model that comes behind this one.
  public var join: String?
  /// `OUTPUT=INPUT` pairs for the model that comes behind.
  public var connect: [String] = []
  /// `NAME=LENGTH`, `INPUT:AXIS=LENGTH`, or `INPUT:AXIS=SYMBOL` to open an axis.
  public var dim: [String] = []
  /// A number of samples, or `dynamic`.
  public var batch: String?
  /// `INPUTS:OUTPUTS` of a part.
  public var extract: String?
  /// Outputs to keep, or values to make outputs.
  public var outputs: [String] = []
  /// Outputs to drop.
  public var dropOutputs: [String] = []
  /// `PATTERN=OPERATOR` pairs.
  public var replace: [String] = []
  /// Patterns of nodes to take out.
  public var remove: [String] = []
  /// What turns pixels into the input's numbers.
  public var preprocess: Preprocessing?
  /// The input that takes pictures, where there are several.
  public var pictures: String?
  /// What the input of pictures takes from then on.
  public var inputType = PixelType.uint8
  /// `[INPUT=]nchw|nhwc`.
  public var layout: [String] = []
  /// `OLD=NEW` pairs.
  public var rename: [String] = []
  /// Whether to take initializers off the inputs.
  public var constantInputs = false
  /// Whether to make equal constants one.
  public var deduplicate = false
  /// What to strip.
  public var strip: [StripModel.Kind] = []
  /// `KEY=VALUE` entries of the metadata.
  public var metadata: [String] = []
  /// The version of the file format.
  public var irVersion: Int?

  /// What an input of pictures takes.
  public enum PixelType: String, CaseIterable, Sendable {
    /// Bytes.
    case uint8
    /// Floats from 0 to 255.
    case float
  }

  /// A request for nothing.
  public init() {}

  /// The edits for a model, in order.
  ///
  /// - Throws: `ModelError` with code `request` for what has another form.
  public func edits(of model: Model) throws(ModelError) -> [any GraphEdit] {
    var edits: [any GraphEdit] = []
    if repairs { edits.append(RepairModel()) }
    if let join { edits.append(try JoinModels(try ONNXFile.read(join), connect)) }
    edits += try dimensions()
    if let extract { edits.append(try ExtractPart(extract, for: model)) }
    if !outputs.isEmpty { edits.append(ChooseOutputs(.keep(outputs))) }
    if !dropOutputs.isEmpty { edits.append(ChooseOutputs(.drop(dropOutputs))) }
    for text in replace { edits.append(try ReplaceNodes(replacing: text)) }
    for pattern in remove { edits.append(ReplaceNodes(pattern, .goAway)) }
    if let preprocess {
      let type: ElementType = inputType == .uint8 ? .uint8 : .float
      edits.append(InsertPreprocessing(preprocess, on: pictures, taking: type))
    }
    for text in layout { edits.append(try ChangeLayout(text)) }
    if !rename.isEmpty { edits.append(try RenameValues(rename)) }
    if constantInputs { edits.append(FixConstantInputs()) }
    if deduplicate { edits.append(DeduplicateTensors()) }
    if !strip.isEmpty { edits.append(StripModel(Set(strip))) }
    if !metadata.isEmpty { edits.append(try ChangeMetadata(metadata)) }
    if let irVersion { edits.append(try ChangeIRVersion(irVersion)) }
    return edits
  }

  /// What changes lengths: axes are opened before others are fixed.
  private func dimensions() throws(ModelError) -> [any GraphEdit] {
    var edits: [any GraphEdit] = []
    var fixed: [String] = []
    var opened: [String: [FreeDimensions.Place]] = [:]
    var symbols: [String] = []
    for text in dim {
      guard let sign = text.lastIndex(of: "="), sign > text.startIndex else {
        throw ModelError(
          .request, "--dim: expected NAME=LENGTH or INPUT:AXIS=LENGTH, found '\(text)'")
      }
      let value = String(text[text.index(after: sign)...])
      guard value.first?.isLetter ?? false else {
        fixed.append(text)
        continue
      }
      let name = text[..<sign]
      guard let colon = name.lastIndex(of: ":"), let axis = Int(name[name.index(after: colon)...])
      else {
        throw ModelError(
          .request, "--dim: expected INPUT:AXIS=SYMBOL to open an axis, found '\(text)'")
      }
      if opened[value] == nil { symbols.append(value) }
      opened[value, default: []].append(.init(input: String(name[..<colon]), axis: axis))
    }
    for symbol in symbols { edits.append(FreeDimensions(opened[symbol] ?? [], as: symbol)) }
    if !fixed.isEmpty { edits.append(FixDimensions(fixed)) }
    if let batch {
      if batch == "dynamic" {
        edits.append(FreeDimensions())
      } else if let count = Int(batch) {
        edits.append(try SetBatch(count))
      } else {
        throw ModelError(.request, "--batch: expected a number or dynamic, found '\(batch)'")
      }
    }
    return edits
  }
}
