import Execution
import IR
import Operators
import Testing
import TestSupport

/// Runs one node on values of any kind.
private func run(
  _ type: String, _ inputs: [Datum?], _ attributes: [Attribute] = [], outputs: Int = 1,
  opset: Int = 21, domain: String? = nil
) throws -> [Datum] {
  var graph = Graph()
  var values: [String: Datum] = [:]
  let operands = inputs.enumerated().map { index, input -> ValueID? in
    guard let input else { return nil }
    let id = graph.addFreshValue("x\(index)")
    graph.addInput(ValueInfo(id, type: nil))
    values["x\(index)"] = input
    return id
  }
  let results = (0..<outputs).map { graph.addFreshValue("y\($0)") }
  graph.add(
    Node(
      type, domain: domain, name: "node", inputs: operands, outputs: results,
      attributes: attributes))
  for result in results { graph.addOutput(ValueInfo(result, type: nil)) }
  var model = Model(graph: graph, opset: opset)
  if let domain { model.opsetImports.append(OpsetImport(domain: domain, version: 4)) }
  let found = try Session(model).run(values: values)
  return try results.map { try #require(found[graph[$0].name]) }
}

private func strings(_ texts: [String], _ shape: [Int]? = nil) -> Datum {
  .tensor(Tensor(strings: texts.map { Array($0.utf8) }, shape ?? [texts.count]))
}

private func integers(_ values: [Int], _ shape: [Int]? = nil) -> Datum {
  .tensor(Tensor(int64: values, shape ?? [values.count]))
}

@Suite("Sequences, optionals and strings")
struct ValueTests {
  private let pair = Datum.sequence(
    [integers([1, 2]), integers([3])], of: .tensor(TensorType(.int64, nil)))

  @Test("places in a sequence count from either end")
  func places() throws {
    #expect(try run("SequenceAt", [pair, integers([-1], [])]) == [integers([3])])
    let longer = try run("SequenceInsert", [pair, integers([9]), integers([-2], [])])[0]
    #expect(try run("SequenceAt", [longer, integers([0], [])]) == [integers([9])])
    #expect(try run("SequenceLength", [longer]) == [integers([3], [])])
    let shorter = try run("SequenceErase", [pair])[0]
    #expect(try run("SequenceLength", [shorter]) == [integers([1], [])])
    #expect(throws: ModelError.self) { try run("SequenceAt", [pair, integers([2], [])]) }
    #expect(throws: ModelError.self) {
      try run("SequenceInsert", [pair, .tensor(Tensor(floats: [1], [1]))])
    }
  }

  @Test("what is split joins again, strings too")
  func splitting() throws {
    let x = strings(["a", "b", "c", "d", "e", "f"], [2, 3])
    let parts = try run(
      "SplitToSequence", [x, integers([2], [])], [Attribute("axis", .int(1))])[0]
    #expect(try run("SequenceAt", [parts, integers([1], [])]) == [strings(["c", "f"], [2, 1])])
    #expect(try run("ConcatFromSequence", [parts], [Attribute("axis", .int(-1))]) == [x])
    let rows = try run("SplitToSequence", [x], [Attribute("keepdims", .int(0))])[0]
    let stacked = try run(
      "ConcatFromSequence", [rows], [Attribute("axis", .int(0)), Attribute("new_axis", .int(1))])
    #expect(stacked == [x])
  }

  @Test("an optional holds a value or none")
  func optionals() throws {
    let full = try run("Optional", [pair])[0]
    #expect(try run("OptionalGetElement", [full]) == [pair])
    #expect(try run("OptionalHasElement", [full])[0].tensor?.integers == [1])
    let empty = Datum.optional(nil, of: nil)
    #expect(try run("OptionalHasElement", [empty])[0].tensor?.integers == [0])
    #expect(try run("OptionalHasElement", [])[0].tensor?.integers == [0])
    #expect(throws: ModelError.self) { try run("OptionalGetElement", [empty]) }
  }

  @Test("operators that move elements move strings")
  func movement() throws {
    let x = strings(["p", "q", "r", "p"], [2, 2])
    #expect(try run("Transpose", [x]) == [strings(["p", "r", "q", "p"], [2, 2])])
    #expect(
      try run("Gather", [x, integers([1])], [Attribute("axis", .int(1))])
        == [strings(["q", "p"], [2, 1])])
    #expect(
      try run("Concat", [x, x], [Attribute("axis", .int(0))])
        == [strings(["p", "q", "r", "p", "p", "q", "r", "p"], [4, 2])])
    #expect(
      try run("Pad", [x, integers([0, 0, 0, 1])]) == [
        strings(["p", "q", "", "r", "p", ""], [2, 3])
      ])
    #expect(try run("Expand", [strings(["z"]), integers([2])]) == [strings(["z", "z"])])
    let condition = Datum.tensor(Tensor(.bool, [2], Storage([UInt8]([1, 0]))))
    #expect(
      try run("Where", [condition, strings(["a"]), strings(["b"])]) == [strings(["a", "b"])])
    #expect(try run("Equal", [x, strings(["p"])])[0].tensor?.integers == [1, 0, 0, 1])
    #expect(try run("Shape", [x]) == [integers([2, 2])])
  }

  @Test("an operator that computes does not take strings")
  func arithmetic() throws {
    #expect(throws: ModelError.self) { try run("Add", [strings(["a"]), strings(["b"])]) }
  }

  @Test("numbers become their shortest texts and texts numbers")
  func conversion() throws {
    let numbers = Datum.tensor(Tensor(floats: [0.1, -2, .infinity, .nan], [4]))
    let texts = strings(["0.1", "-2.0", "INF", "NaN"])
    #expect(try run("Cast", [numbers], [Attribute("to", .int(8))]) == [texts])
    let back = try run("Cast", [texts], [Attribute("to", .int(1))])[0].tensor?.floats
    #expect(back?.prefix(3) == [0.1, -2, .infinity])
    let halves = try run("Cast", [strings(["1e-2", "7"])], [Attribute("to", .int(10))])[0]
    #expect(halves.tensor?.elementType == .float16)
    #expect(halves.tensor?.floats == [Float(Float16(0.01)), 7])
    let whole = try run("Cast", [strings(["12", "1E2"])], [Attribute("to", .int(7))])
    #expect(whole == [integers([12, 100])])
    #expect(throws: ModelError.self) {
      try run("Cast", [strings(["many"])], [Attribute("to", .int(1))])
    }
  }

  @Test("strings are split at delimiters or white space, at most so often")
  func split() throws {
    let comma = Attribute("delimiter", .string(Array(",".utf8)))
    let parts = try run("StringSplit", [strings(["a,b,c", ",", ""])], [comma], outputs: 2)
    #expect(parts[0] == strings(["a", "b", "c", "", "", "", "", "", ""], [3, 3]))
    #expect(parts[1] == integers([3, 2, 0]))
    let words = try run(
      "StringSplit", [strings([" one  two three "])], [Attribute("maxsplit", .int(1))], outputs: 2)
    #expect(words[0] == strings(["one", "two three"], [1, 2]))
  }

  @Test("a regular expression must match the whole string; a wrong one is refused")
  func regex() throws {
    let pattern = Attribute("pattern", .string(Array("a+b?".utf8)))
    let found = try run("RegexFullMatch", [strings(["aa", "aab", "aabb", ""])], [pattern])
    #expect(found[0].tensor?.integers == [1, 1, 0, 0])
    #expect(throws: ModelError.self) {
      try run("RegexFullMatch", [strings([""])], [Attribute("pattern", .string(Array("(".utf8)))])
    }
  }

  @Test("labels are looked up, with a default")
  func labels() throws {
    let attributes = [
      Attribute("keys_strings", .strings([Array("cat".utf8), Array("dog".utf8)])),
      Attribute("values_int64s", .ints([4, 7])), Attribute("default_int64", .int(-2)),
    ]
    let found = try run(
      "LabelEncoder", [strings(["dog", "cow", "cat"])], attributes, domain: "ai.onnx.ml")
    #expect(found == [integers([7, -2, 4])])
  }

  @Test("strings, sequences and sparse values may be constants")
  func constants() throws {
    let texts = Attribute("value_strings", .strings([[0x61], [0xff]]))
    #expect(
      try run("Constant", [], [texts]) == [
        .tensor(Tensor(strings: [[0x61], [0xff]], [2]))
      ])
    var sparse = Attribute("sparse_value", .opaque)
    sparse.sparseValue = SparseTensor(
      values: Tensor(floats: [5, 6], [2]), indices: Tensor(int64: [0, 1, 1, 0], [2, 2]),
      dimensions: [2, 2])
    #expect(try run("Constant", [], [sparse])[0].tensor?.floats == [0, 5, 6, 0])
    sparse.sparseValue = SparseTensor(
      values: Tensor(floats: [5], [1]), indices: Tensor(int64: [4], [1]), dimensions: [2, 2])
    #expect(throws: ModelError.self) { try run("Constant", [], [sparse]) }
  }
}
