import Foundation
import IR
import Operators
import Testing

/// Whatever a node looks like, its operator answers or throws: no input stops the process.
///
/// A trap ends the process. `LAPIDARY_MALFORMED=all`, or the names of operators, tries more nodes
/// (`LAPIDARY_MALFORMED_SEEDS`) and prints each operator before its turn, so that the last line says
/// where.
@Suite struct MalformedOperatorTests {
  private static let environment = ProcessInfo.processInfo.environment
  private static let wanted = environment["LAPIDARY_MALFORMED"]

  /// Nodes tried for each operator at each opset.
  private static let count =
    environment["LAPIDARY_MALFORMED_SEEDS"].flatMap { Int($0) } ?? (wanted == nil ? 8 : 80)

  @Test("Seeded malformed nodes of every operator are refused or answered")
  func everyOperator() {
    let only = Self.wanted.flatMap { $0 == "all" ? nil : $0.split(separator: ",") }
    var made = 0, tried = 0
    for op in Registry.names {
      if let only, !only.contains(Substring(op.type)) { continue }
      for opset in [1, 6, 7, 9, 11, 12, 13, 18, 26, 28] where Registry.find(op, opset: opset) != nil
      {
        if Self.wanted != nil { print("malformed: \(op) at opset \(opset)") }
        for seed in 0..<Self.count {
          var node = MalformedNode(op, opset: opset, seed: UInt64(seed))
          made += node.run() ? 1 : 0
          tried += 1
        }
      }
    }
    // Enough nodes are well-formed to reach inference and evaluation.
    #expect(tried > 0 && made > tried / 10, "\(made) of \(tried)")
  }
}

/// One node with random operands and attributes, many of them wrong.
private struct MalformedNode {
  let op: OperatorName
  let opset: Int
  let signature: Signature?
  var random: SeededGenerator

  init(_ op: OperatorName, opset: Int, seed: UInt64) {
    self.op = op
    self.opset = opset
    signature = Registry.signature(of: op, opset: opset)
    let name = op.description.utf8.reduce(UInt64(opset)) { $0 &* 31 &+ UInt64($1) }
    random = SeededGenerator(state: seed &* 7919 &+ name)
  }

  /// Whether the operator took the node's attributes and operands.
  mutating func run() -> Bool {
    let inputs = operands()
    let outputs = random.pick([1, 1, 1, 2, 3, 0])
    let view = NodeView(
      label: "\(op) 'm'", attributes: attributes(), inputs: inputs.map { $0 != nil },
      outputs: (0..<outputs).map { _ in random.below(8) != 0 })
    guard let known = try? Registry.make(op, opset: opset, view) else { return false }
    let constants = Inputs(
      label: view.label, inputs.map { tensor in tensor.map { operand($0, isConstant: true) } })
    let open = Inputs(
      label: view.label,
      inputs.map { tensor in tensor.map { operand($0, isConstant: random.below(2) == 0) } })
    let huge = Inputs(
      label: view.label,
      inputs.map { tensor in
        tensor.map { Operand(name: "h", type: TensorType($0.elementType, shape(huge: true))) }
      })
    for facts in [constants, open, huge] {
      guard (try? signature?.check(facts)) != nil || signature == nil else { continue }
      let inferred = try? known.infer(facts)
      let types = inferred?.map(\.type) ?? Array(repeating: .unknown, count: outputs)
      _ = known.channels(facts, types)
      _ = known.quantization(facts)
      _ = known.macs(facts, types)
      _ = known.isIdentity(facts, types)
    }
    evaluate(known, inputs, outputs)
    return true
  }

  /// Runs the operator with room for small results only.
  private func evaluate(_ known: any Operator, _ inputs: [Tensor?], _ outputs: Int) {
    var kept: [UnsafeMutableRawBufferPointer] = []
    defer { for buffer in kept { buffer.deallocate() } }
    let types = inputs.map { $0?.elementType ?? .undefined }
    let mismatch = { (index: Int, expected: String, found: String) in
      ModelError(.invalid, "\(index): \(expected), \(found)")
    }
    guard (try? signature?.check(types: types, mismatch)) != nil || signature == nil else { return }
    let views = inputs.map { tensor in
      tensor.flatMap { tensor in
        tensor.storage.map { TensorView(tensor.elementType, tensor.dimensions, $0.bytes) }
      }
    }
    var context = Evaluation(
      label: "\(op) 'm'", inputs: views, outputs: Array(repeating: true, count: outputs)
    ) { (index, type, shape) throws(ModelError) in
      guard let bytes = byteCount(type, shape), bytes <= 1 << 22 else {
        throw ModelError(.limit, "output \(index): too large")
      }
      kept.append(.allocate(byteCount: bytes, alignment: 64))
      return kept[kept.count - 1]
    }
    try? known.evaluate(&context)
    withExtendedLifetime(inputs) {}
  }

  private mutating func operand(_ tensor: Tensor, isConstant: Bool) -> Operand {
    if isConstant { return Operand(name: "c", type: tensor.type, constant: tensor) }
    var type = tensor.type
    switch random.below(4) {
    case 0: type.shape = nil
    case 1:
      type.shape = Shape(
        tensor.dimensions.map { random.below(2) == 0 ? .known($0) : Dimension(symbol: "N") })
    default: break
    }
    let data = tensor.integers.map { values in
      values.map { random.below(3) == 0 ? Dimension(symbol: "N") : .known($0) }
    }
    return Operand(name: "o", type: type, data: random.below(2) == 0 ? data : nil)
  }

  private mutating func operands() -> [Tensor?] {
    let range = signature?.inputCount ?? 1...4
    let most = min(range.upperBound, range.lowerBound + 4)
    let count = max(0, random.below(10) == 0 ? random.below(7) : range.lowerBound)
    let given = random.below(3) == 0 ? most : count
    // Mostly one type for what shares a type variable.
    var chosen: [String: ElementType] = [:]
    let rank = random.below(5)
    return (0..<given).map { index in
      if random.below(12) == 0 { return nil }
      let formal = signature?.input(index)
      let allowed = (1...26).map { ElementType(rawValue: $0) }.filter {
        formal?.types.contains($0) ?? ($0.rawValue < 14)
      }
      var type =
        random.below(10) == 0 || allowed.isEmpty ? ElementType(rawValue: 7) : random.pick(allowed)
      if let variable = formal?.variable {
        type = chosen[variable] ?? type
        chosen[variable] = type
      }
      return tensor(type, rank: random.below(3) == 0 ? random.below(6) : rank)
    }
  }

  private mutating func shape(huge: Bool) -> Shape {
    Shape(
      (0..<random.below(6)).map { _ in
        random.pick([0, 1, 2, 3, 1 << 31, 1 << 40, Int.max, Int.max - 1])
      })
  }

  private mutating func tensor(_ type: ElementType, rank: Int) -> Tensor {
    var dimensions = (0..<rank).map { _ in random.pick([0, 1, 1, 2, 2, 3, 4, 5]) }
    if random.below(3) == 0 { dimensions = dimensions.map { _ in random.pick([2, 3]) } }
    let count = dimensions.reduce(1, *)
    if type == .string {
      let texts = (0..<count).map { _ in random.pick([[], Array("a".utf8), Array("1.5".utf8)]) }
      return Tensor(strings: texts, dimensions)
    }
    var bytes: [UInt8] = []
    for _ in 0..<count {
      let number = random.pick([0, 1, 2, -1, 3, 7, -5, Int.max, Int.min, 1 << 31, 1 << 40])
      switch type {
      case .float:
        let value = random.pick([
          0, 1, -1, 0.5, 3, .nan, .infinity, -.infinity, 1e38, 0x1p-140, Float(number),
        ])
        withUnsafeBytes(of: value) { bytes += Array($0) }
      case .double:
        let value = random.pick([0, 1, -1, 0.5, .nan, .infinity, 1e300, Double(number)])
        withUnsafeBytes(of: value) { bytes += Array($0) }
      case .bool: bytes.append(UInt8(random.below(2)))
      default:
        let width = max(1, type.byteWidth ?? 1)
        withUnsafeBytes(of: (number, number)) { bytes += Array($0.prefix(width)) }
      }
    }
    let wanted = type.byteCount(of: count) ?? bytes.count
    return Tensor(type, dimensions, Storage(Array(bytes.prefix(wanted))))
  }

  private mutating func attributes() -> [Attribute] {
    var result: [Attribute] = []
    for rule in signature?.attributes ?? [] {
      if !rule.isRequired, random.below(2) == 0 { continue }
      if random.below(20) == 0 { continue }
      let kind =
        random.below(20) == 0 ? random.pick(["int", "float", "ints", "string"]) : rule.kind
      if let value = value(kind, rule) { result.append(Attribute(rule.name, value)) }
    }
    if random.below(40) == 0 { result.append(Attribute("bogus", .int(1))) }
    return result
  }

  private mutating func integer() -> Int {
    random.pick([0, 1, 1, 2, 3, -1, -2, 7, 64, 1 << 31, 1 << 40, Int.max, Int.min])
  }

  private mutating func value(_ kind: String, _ rule: Signature.AttributeRule) -> AttributeValue? {
    switch kind {
    case "int": return .int(integer())
    case "float": return .float(random.pick([0, 1, 0.5, -1, .nan, .infinity, 1e38]))
    case "ints":
      let small = random.below(2) == 0
      return .ints((0..<random.below(6)).map { _ in small ? 1 + random.below(3) : integer() })
    case "floats":
      return .floats((0..<random.below(5)).map { _ in random.pick([0, 1, 2.5, .nan]) })
    case "string":
      let words = [
        rule.defaultText ?? "x", "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID", "constant", "edge",
        "reflect", "wrap", "linear", "nearest", "cubic", "add", "mul", "min", "CRD", "DCR",
        "half_pixel", "asymmetric", "align_corners", "bidirectional", "reverse", "forward", "", "x",
      ]
      return .string(Array(random.pick(words).utf8))
    case "strings":
      return .strings(
        (0..<random.below(4)).map { _ in Array(random.pick(["Tanh", "x", ""]).utf8) })
    case "tensor":
      let type = random.pick([ElementType.float, .int64, .string, .bool, .int4])
      return .tensor(tensor(type, rank: random.below(3)))
    case "graph": return .graph(Graph(name: "body"))
    default: return nil
    }
  }
}

private struct SeededGenerator {
  var state: UInt64

  mutating func below(_ count: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int((state >> 33) % UInt64(count))
  }

  mutating func pick<T>(_ choices: [T]) -> T { choices[below(choices.count)] }
}
