import IR

/// The signatures of an operator at all opsets, written as a text that its file holds.
///
/// Each line begins with the opset from which it holds and states what changed there:
///
///     7: (T, T?) -> T; <axis: int = 0, perm: ints, starts: ints!>; T: floats
///     13: T + bfloat16
///
/// Operands are type variables or element types; `?` marks optional ones, `...` any number of one
/// type, `~` any number of any types. Attributes are `name: kind`, with `!` where required and
/// `= value` where there is a default. Words such as `floats` and `all` stand for sets of element
/// types. A line without a number continues the one before.
package struct SignatureText: Sendable, ExpressibleByStringLiteral {
  package let text: StaticString

  package init(stringLiteral text: StaticString) { self.text = text }

  /// The signature at an opset; nil before the first line.
  package func signature(at opset: Int) -> Signature? {
    var current = ""
    for line in "\(text)".split(separator: "\n") {
      let digits = line.prefix { $0.isNumber }
      let body = line.dropFirst(digits.count)
      if let since = Int(digits), body.first == ":" {
        guard since <= opset else { break }
        current += ";" + body.dropFirst()
      } else {
        current += line
      }
    }
    guard !current.isEmpty else { return nil }
    var state = SignatureState()
    for clause in current.split(separator: ";") { state.read(clause) }
    return state.signature
  }
}

/// What the lines read so far say.
private struct SignatureState {
  private var inputs: [Substring] = []
  private var outputs: [Substring] = []
  private var attributes: [Signature.AttributeRule] = []
  private var variables: [Substring: TypeSet] = [:]

  mutating func read(_ clause: Substring) {
    let clause = clause.trimmed
    if let arrow = clause.firstRange(of: "->") {
      inputs = Self.operands(clause[..<arrow.lowerBound])
      outputs = Self.operands(clause[arrow.upperBound...])
    } else if clause.first == "<" {
      attributes = clause.dropFirst().dropLast().split(separator: ",").map(Self.attribute)
    } else if let mark = clause.firstIndex(where: { $0 == ":" || $0 == "+" }) {
      let name = clause[..<mark].trimmed
      if clause[mark] == ":" { variables[name] = TypeSet() }
      for word in clause[clause.index(after: mark)...].split(separator: " ") {
        variables[name, default: TypeSet()].formUnion(TypeSet(word: word))
      }
    }
  }

  private static func operands(_ list: Substring) -> [Substring] {
    list.trimmed.drop { $0 == "(" }.split(separator: ",").map { word in
      var word = word.trimmed
      // The list's own closing parenthesis, not that of a `seq(…)`.
      while word.filter({ $0 == ")" }).count > word.filter({ $0 == "(" }).count {
        word = word.dropLast()
      }
      return word
    }.filter { !$0.isEmpty }
  }

  private static func attribute(_ text: Substring) -> Signature.AttributeRule {
    let halves = text.split(separator: ":", maxSplits: 1)
    let name = halves.first.map { String($0.trimmed) } ?? ""
    let parts = (halves.last ?? "").split(separator: "=", maxSplits: 1)
    let kind = parts.first?.trimmed ?? ""
    return Signature.AttributeRule(
      name: name, kind: String(kind.prefix { $0 != "!" }), isRequired: kind.hasSuffix("!"),
      defaultText: parts.count > 1 ? String(parts[1].trimmed) : nil)
  }

  var signature: Signature {
    Signature(
      inputs: inputs.map(formal), outputs: outputs.map(formal), attributes: attributes)
  }

  private func formal(_ text: Substring) -> Signature.Formal {
    var word = text
    var formal = Signature.Formal(types: TypeSet())
    while let last = word.last, "?.~".contains(last) {
      switch last {
      case "?": formal.isOptional = true
      case "~": (formal.isVariadic, formal.isHeterogeneous) = (true, true)
      default: formal.isVariadic = true
      }
      word = word.dropLast()
    }
    if let types = variables[word] {
      formal.types = types
      formal.variable = String(word)
    } else {
      formal.types = TypeSet(word: word)
    }
    return formal
  }
}

extension TypeSet {
  /// Names for sets of element types that many operators share.
  private static let groups: [Substring: TypeSet] = {
    func types(_ numbers: [UInt64]) -> TypeSet {
      TypeSet(tensors: numbers.reduce(0) { $0 | 1 << $1 })
    }
    let floats: [UInt64] = [10, 1, 11]
    let signed: [UInt64] = [3, 5, 6, 7], unsigned: [UInt64] = [2, 4, 12, 13]
    let numbers = floats + signed + unsigned
    return [
      "floats": types(floats), "signed": types(signed), "unsigned": types(unsigned),
      "integers": types(signed + unsigned), "numbers": types(numbers),
      "all": types(numbers + [8, 9, 14, 15]), "float8": types([17, 18, 19, 20]),
      "int4s": types([21, 22]), "int2s": types([25, 26]), "float6": types([27, 28]),
    ]
  }()

  private static let named: [Substring: TypeSet] = {
    var table = groups
    for number in 1..<Int32(32) {
      let name = "\(ElementType(rawValue: number))"
      table[name[...]] = TypeSet(tensors: 1 << UInt64(number))
    }
    return table
  }()

  /// The types that a word of a signature stands for; none for a word that is not known.
  init(word: Substring) {
    func inner(_ prefix: String) -> Substring? {
      word.hasPrefix(prefix) ? word.dropFirst(prefix.count).prefix { $0 != ")" } : nil
    }
    if let element = inner("optional(seq(") {
      self.init(optionalSequences: TypeSet(word: element).tensors)
    } else if let element = inner("optional(") {
      self.init(optionals: TypeSet(word: element).tensors)
    } else if let element = inner("seq(") {
      self.init(sequences: TypeSet(word: element).tensors)
    } else {
      self = Self.named[word] ?? TypeSet()
    }
  }
}

extension Substring {
  fileprivate var trimmed: Substring {
    var text = drop { $0 == " " }
    while text.last == " " { text = text.dropLast() }
    return text
  }
}
