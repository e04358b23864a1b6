/// What a `.proto` file says about fields and enumeration constants, as far as ONNX's syntax goes.
struct SchemaParser {
  /// Facts by full name, such as `TypeProto.Tensor.elem_type`: label, type, number, packing.
  private(set) var facts: [String: String] = [:]
  private var tokens: ArraySlice<String>

  init(_ source: String) {
    let code = source.split(separator: "\n").map { line in
      String(line.firstRange(of: "//").map { line[..<$0.lowerBound] } ?? line)
    }.joined(separator: " ")
    var tokens: [String] = []
    var word = ""
    func end() {
      if !word.isEmpty { tokens.append(word) }
      word = ""
    }
    for character in code {
      if "{}=;[]".contains(character) {
        end()
        tokens.append(String(character))
      } else if character.isWhitespace {
        end()
      } else {
        word.append(character)
      }
    }
    end()
    self.tokens = tokens[...]
    parse(scope: "", label: "")
  }

  private mutating func parse(scope: String, label: String) {
    while let token = tokens.popFirst(), token != "}" {
      switch token {
      case "message", "enum", "oneof":
        let name = tokens.removeFirst()
        tokens.removeFirst()
        // Fields of a oneof belong to the message around it.
        parse(
          scope: token == "oneof" ? scope : "\(scope)\(name).",
          label: token == "message" ? "" : token)
      case "syntax", "package", "option", "reserved": skipStatement()
      case ";": break
      case "optional", "repeated", "required":
        field(scope, label: token, type: tokens.removeFirst())
      case _ where label == "enum": constant(scope, name: token)
      default: field(scope, label: label, type: token)
      }
    }
  }

  private mutating func constant(_ scope: String, name: String) {
    tokens.removeFirst()
    let digits = tokens.removeFirst()
    let number = digits.hasPrefix("0x") ? Int(digits.dropFirst(2), radix: 16) : Int(digits)
    facts[scope + name] = "constant \(number ?? -1)"
    skipStatement()
  }

  private mutating func field(_ scope: String, label: String, type: String) {
    let name = tokens.removeFirst()
    tokens.removeFirst()
    var fact = "\(label) \(type) \(tokens.removeFirst())"
    while let token = tokens.popFirst(), token != ";" {
      if token == "packed" { fact += " packed" }
    }
    facts[scope + name] = fact
  }

  private mutating func skipStatement() {
    while let token = tokens.popFirst(), token != ";" {}
  }
}
