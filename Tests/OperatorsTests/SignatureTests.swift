import IR
import ONNXFile
import Operators
import TestSupport
import Testing

/// The signatures in the operators' files are those of libonnx's schema registry, up to opset 17.
@Suite struct SignatureTests {
  private static let opsets = 7...17

  @Test("Operands, types and attributes agree with libonnx's registry", arguments: opsets)
  func registry(opset: Int) throws {
    var compared = 0
    for name in ONNXChecker.operators(opset: opset) {
      let op = OperatorName(name)
      guard Registry.find(op, opset: opset) != nil,
        let lines = ONNXChecker.schema(of: name, opset: opset)
      else { continue }
      let label = "\(name) at opset \(opset)"
      guard let signature = Registry.signature(of: op, opset: opset) else {
        Issue.record("\(label): expected a signature, found none")
        continue
      }
      let expected = Set(lines.map { Self.canonical($0) })
      let found = Set(Self.lines(signature))
      for line in expected.subtracting(found).sorted() { Issue.record("\(label) lacks \(line)") }
      for line in found.subtracting(expected).sorted() { Issue.record("\(label) has \(line)") }
      compared += 1
    }
    #expect(compared > 100)
  }

  @Test("Operators state no defaults that their signature states already")
  func defaults() throws {
    var stated = 0
    for op in Registry.names {
      for opset in 1...26 {
        guard let type = Registry.find(op, opset: opset),
          let signature = Registry.signature(of: op, opset: opset)
        else { continue }
        for name in type.traits.attributeDefaults.keys.sorted() {
          #expect(signature.defaults[name] == nil, "\(op), attribute '\(name)' at opset \(opset)")
          stated += 1
        }
      }
    }
    #expect(stated > 0)
  }

  @Test("An attribute that is left out has the default of the opset")
  func defaultOfOpset() {
    func text(_ type: String, _ opset: Int, _ name: String) -> String? {
      Registry.defaults(of: OperatorName(type), opset: opset)[name].map { "\($0)" }
    }
    #expect(text("Softmax", 11, "axis") == "\(AttributeValue.int(1))")
    #expect(text("Softmax", 13, "axis") == "\(AttributeValue.int(-1))")
    #expect(text("Conv", 17, "group") == "\(AttributeValue.int(1))")
    #expect(text("Conv", 17, "strides") == "\(AttributeValue.ints([1]))")
    #expect(text("Conv", 17, "auto_pad") == "\(AttributeValue.string(Array("NOTSET".utf8)))")
  }

  /// The registry's line with numbers written one way and types in one order.
  private static func canonical(_ line: String) -> String {
    let words = line.split(separator: " ").map(String.init)
    if words[0] == "attribute" {
      var words = words
      if words[2] == "float", words.count > 5 { words[5] = "\(Float(words[5]) ?? .nan)" }
      return words.joined(separator: " ")
    }
    // Type variables are named alike, so that operands share types where the registry's do.
    let allowed = words.dropFirst(5).map { type in
      type.replacing("tensor(", with: "", maxReplacements: 1)
    }
    let types = allowed.map { $0.contains("(") ? $0 : $0.replacing(")", with: "") }
      .map { $0.replacing("))", with: ")") }
    let variable = words[4].contains("(") ? "-" : words[4]
    return (words[0...2] + [variable] + types.sorted()).joined(separator: " ")
  }

  private static func lines(_ signature: Signature) -> [String] {
    func line(_ kind: String, _ formal: Signature.Formal) -> String {
      let option = formal.isVariadic ? 2 : formal.isOptional ? 1 : 0
      let types = formal.types.words.sorted()
      return
        ([kind, "\(option)", formal.isHeterogeneous ? "0" : "1", formal.variable ?? "-"] + types)
        .joined(separator: " ")
    }
    var lines = signature.inputs.map { line("input", $0) }
    lines += signature.outputs.map { line("output", $0) }
    lines += signature.attributes.map { rule in
      var text = "attribute \(rule.name) \(rule.kind) \(rule.isRequired ? 1 : 0)"
      text += rule.defaultText == nil ? " 0" : " 1"
      if let value = rule.defaultText {
        text += rule.kind == "float" ? " \(Float(value) ?? .nan)" : value.isEmpty ? "" : " \(value)"
      }
      return text
    }
    return lines
  }

  @Test("Wrong operands, types and attributes are named")
  func errors() throws {
    func message(_ body: () throws -> Void) -> String {
      do {
        try body()
        return "no error"
      } catch { return "\(error)" }
    }
    let x = Tensor(floats: [1], [1]), i = Tensor(int64: [1], [1])
    #expect(
      message { _ = try infer("Add", opset: 17, inputs: [x]) }
        == "Add 'test': expected 2 inputs, found 1")
    #expect(
      message { _ = try infer("Concat", opset: 17, inputs: [x]) }
        == "Concat 'test', attribute 'axis': expected an integer, found no such attribute")
    #expect(
      message { _ = try infer("Add", opset: 17, inputs: [x, i]) }
        == "Add 'test', input 1 'x1': expected float, as input 0 is, found int64[1]")
    #expect(
      message { _ = try infer("Sqrt", opset: 17, inputs: [i]) }
        == "Sqrt 'test', input 0 'x0': expected float, float16, double or bfloat16, found int64[1]")
    #expect(
      message {
        _ = try infer("Sqrt", opset: 17, attributes: [Attribute("axis", .int(1))], inputs: [x])
      } == "Sqrt 'test', attribute 'axis': expected no attributes, found an attribute of this name")
  }
}
