internal import IR
internal import Passes

/// A value of a recipe, or of a like document, with its path, for messages.
struct RecipeField {
  let name: String
  let value: Any
  /// What messages call the document.
  let document: String

  init(_ name: String, _ value: Any, of document: String = "recipe") {
    self.name = name
    self.value = value
    self.document = document
  }

  /// The last part of the path.
  private var word: String { String(name.split(separator: ".").last ?? "") }

  /// Which of a stage's keys this is.
  ///
  /// - Parameter whole: what has these keys, where it is no stage.
  func key<T: RawRepresentable & CaseIterable>(
    _ type: T.Type, of whole: String? = nil
  ) throws(ModelError) -> T where T.RawValue == String {
    if let key = T(rawValue: word) { return key }
    let all = T.allCases.map(\.rawValue)
    let near = NearWord.nearest(to: word, among: all)
    let list = all.joined(separator: ", ")
    throw ModelError(
      .request,
      whole == nil
        ? "\(document): '\(name)' is not known"
        : "\(document): expected one of \(list), found '\(name)'",
      hint: near.map { "did you mean '\($0)'?" } ?? (whole == nil ? "the keys are \(list)" : nil))
  }

  func mismatch(_ expected: String) -> ModelError {
    ModelError(.request, "\(document), '\(name)': expected \(expected), found \(value)")
  }

  /// The value as a truth value; nil when it is something else.
  var flagOrNil: Bool? { value as? Bool }

  func flag() throws(ModelError) -> Bool {
    guard let flag = value as? Bool else { throw mismatch("true or false") }
    return flag
  }

  func number() throws(ModelError) -> Double {
    if let number = value as? Double { return number }
    guard let number = value as? Int else { throw mismatch("a number") }
    return Double(number)
  }

  /// A number in a range; percents are what is meant most often beside it.
  func fraction(in range: ClosedRange<Double> = 0...1) throws(ModelError) -> Double {
    let number = try number()
    guard !range.contains(number) else { return number }
    let percent = number / 100
    throw ModelError(
      .request,
      "\(document), '\(name)': expected a fraction from \(range.lowerBound) to \(range.upperBound), "
        + "found \(value)",
      hint: number > 1 && range.contains(percent) ? "for \(value) percent give \(percent)" : nil)
  }

  func integer() throws(ModelError) -> Int {
    guard let number = value as? Int else { throw mismatch("a whole number") }
    return number
  }

  func string() throws(ModelError) -> String {
    guard let string = value as? String else { throw mismatch("a word") }
    return string
  }

  func strings() throws(ModelError) -> [String] {
    if let string = value as? String { return [string] }
    guard let strings = value as? [String] else { throw mismatch("a list of words") }
    return strings
  }

  /// Fractions by pattern.
  func groupRatios() throws(ModelError) -> [PruningOptions.GroupRatio] {
    guard let entries = value as? [String: Any] else { throw mismatch("a mapping of fractions") }
    var ratios: [PruningOptions.GroupRatio] = []
    for (pattern, ratio) in entries.sorted(by: { $0.key < $1.key }) {
      ratios.append(
        .init(
          pattern: pattern,
          ratio: try RecipeField("\(name).\(pattern)", ratio, of: document).fraction()))
    }
    return ratios
  }

  func choice<T: RawRepresentable & CaseIterable>(
    _ type: T.Type
  ) throws(ModelError) -> T where T.RawValue == String {
    let words = T.allCases.map(\.rawValue)
    let found = try string()
    guard let choice = T(rawValue: found) else {
      throw ModelError(
        .request,
        "\(document), '\(name)': expected \(words.joined(separator: " or ")), found \(found)",
        hint: NearWord.nearest(to: found, among: words).map { "did you mean '\($0)'?" })
    }
    return choice
  }

  /// The fields of a stage, by name.
  func fields() throws(ModelError) -> [RecipeField] {
    guard let fields = value as? [String: Any] else {
      throw mismatch("a mapping, true or false")
    }
    return fields.sorted { $0.key < $1.key }.map {
      RecipeField("\(name).\($0.key)", $0.value, of: document)
    }
  }
}
