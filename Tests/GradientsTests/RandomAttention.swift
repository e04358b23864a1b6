import IR

/// An Attention of random lengths and options, in double.
struct RandomAttention {
  private var state: UInt64
  private var graph = Graph(name: "attention")
  private var inputs: [String: Tensor] = [:]
  private var operands: [ValueID?] = []
  private var attributes: [Attribute] = []
  /// The names of the operands that are there.
  private(set) var order: [String] = []

  init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 }

  /// What was drawn, for messages.
  var text: String {
    order.map { "\($0) \(inputs[$0]?.dimensions ?? [])" }.joined(separator: " ")
      + attributes.map { " \($0.name)=\($0.value)" }.joined()
  }

  private mutating func draw(_ range: ClosedRange<Int>) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return range.lowerBound + Int((state >> 33) % UInt64(range.count))
  }

  private mutating func add(_ name: String, _ tensor: Tensor) {
    let value = graph.addFreshValue(name)
    graph.addInput(ValueInfo(value, type: .tensor(tensor.type)))
    inputs[name] = tensor
    operands.append(value)
    order.append(name)
  }

  private mutating func numbers(_ shape: [Int]) -> Tensor {
    let count = shape.reduce(1, *)
    return Tensor(
      .double, shape, Storage((0..<count).map { _ in Double(draw(-1000...1000)) / 800 }))
  }

  /// The model and where to differentiate it.
  mutating func drawn() -> (Model, [String: Tensor]) {
    let batch = draw(1...2), few = draw(1...2), many = few * draw(1...2)
    let queries = draw(1...3), keys = draw(1...3), width = draw(1...3), values = draw(1...3)
    let isFlat = draw(0...1) == 1
    func shape(_ heads: Int, _ rows: Int, _ width: Int) -> [Int] {
      isFlat ? [batch, rows, heads * width] : [batch, heads, rows, width]
    }
    add("q", numbers(shape(many, queries, width)))
    add("k", numbers(shape(few, keys, width)))
    add("v", numbers(shape(few, keys, values)))
    if isFlat {
      attributes += [Attribute("q_num_heads", .int(many)), Attribute("kv_num_heads", .int(few))]
    }
    let past = draw(0...2)
    let total = keys + past
    switch draw(0...3) {
    case 0:
      let length = past == 0 || draw(0...1) == 0 ? total : total - 1
      add("mask", numbers([draw(0...1) == 0 ? 1 : batch, 1, queries, length]))
    case 1:
      let flags = (0..<queries * total).map { _ in UInt8(draw(0...3) == 0 ? 0 : 1) }
      add("mask", Tensor(.bool, [queries, total], Storage(flags)))
    case 2:
      let hidden = (0..<many * queries * total).map { _ in
        draw(0...3) == 0 ? -Double.infinity : Double(draw(-9...9)) / 7
      }
      add("mask", Tensor(.double, [many, queries, total], Storage(hidden)))
    default: operands.append(nil)
    }
    if past > 0 {
      add("past_k", numbers([batch, few, past, width]))
      add("past_v", numbers([batch, few, past, values]))
    } else {
      operands += [nil, nil]
      if draw(0...2) == 0 {
        add("valid", Tensor(int64: (0..<batch).map { _ in draw(0...keys) }, [batch]))
      }
    }
    if draw(0...1) == 1 { attributes.append(Attribute("is_causal", .int(1))) }
    if draw(0...2) == 0 { attributes.append(Attribute("softcap", .float(1.5))) }
    if draw(0...1) == 1 { attributes.append(Attribute("scale", .float(0.7))) }
    if draw(0...2) == 0 { attributes.append(Attribute("left_window_size", .int(draw(0...2)))) }
    if draw(0...2) == 0 { attributes.append(Attribute("right_window_size", .int(draw(0...1)))) }
    let mode = draw(0...3)
    attributes.append(Attribute("qk_matmul_output_mode", .int(mode)))
    let names =
      mode == 2 || draw(0...1) == 0 ? ["y", "present_k", "present_v"] : ["y", "", "", "s"]
    let outputs = names.map { $0.isEmpty ? nil : graph.addFreshValue($0) }
    while operands.last == .some(nil) { operands.removeLast() }
    graph.add(
      Node("Attention", inputs: operands, outputs: outputs, attributes: attributes))
    for output in outputs.compactMap({ $0 }) { graph.addOutput(ValueInfo(output, type: nil)) }
    return (Model(graph: graph, irVersion: 10, opset: 25), inputs)
  }
}
