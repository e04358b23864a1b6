internal import IR

/// What a number counts.
public enum Unit: Hashable, Sendable {
  /// Nothing but itself.
  case none
  /// A fraction of one, shown as percent.
  case percent
  /// Ten times the decimal logarithm of a ratio of powers.
  case decibels
  /// Thousandths of a second.
  case milliseconds
  /// Seconds.
  case seconds

  /// What stands behind the number in a text.
  var suffix: String {
    switch self {
    case .none: ""
    case .percent: " %"
    case .decibels: " dB"
    case .milliseconds: " ms"
    case .seconds: " s"
    }
  }
}

/// A value of a report: what people read and what programs read follow from it.
public enum Cell: Hashable, Sendable {
  /// A text.
  case text(String)
  /// A whole number, digits grouped by thousands; `?` and `null` where it is not known.
  case count(Int?)
  /// A number with a fixed count of digits behind the point.
  case quantity(Double, Unit = .none, digits: Int)
  /// A small number with two digits: `3.1e-07`, or `0`.
  case scientific(Double)
  /// Texts of which people see the first few.
  case texts([String], shown: Int)
  /// That there is no value: a text for people, `null` for programs.
  case missing(String = "-")
  /// Both forms, where neither follows from the other.
  case both(String, JSONValue)

  /// The text.
  ///
  /// - Parameter unit: whether a number's unit stands behind it; where a heading says it, it does not.
  public func text(withUnit unit: Bool = true) -> String {
    switch self {
    case .text(let text): return text
    case .count(let number): return number.map(grouped) ?? "?"
    case .quantity(let number, let what, let digits):
      let scaled = what == .percent ? 100 * number : number
      return NumberText.decimal(scaled, digits) + (unit ? what.suffix : "")
    case .scientific(let number): return number == 0 ? "0" : NumberText.scientific(number)
    case .texts(let all, let limit):
      let shown = all.prefix(limit).joined(separator: ", ")
      return all.count > limit ? "\(shown) and \(all.count - limit) more" : shown
    case .missing(let text): return text
    case .both(let text, _): return text
    }
  }

  /// The value in JSON, percent as a fraction.
  public var json: JSONValue {
    switch self {
    case .text(let text): .string(text)
    case .count(let number): .int(number)
    case .quantity(let number, _, _), .scientific(let number): .number(number)
    case .texts(let all, _): .array(all.map { .string($0) })
    case .missing: .null
    case .both(_, let json): json
    }
  }
}
