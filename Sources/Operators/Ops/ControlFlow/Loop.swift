package import IR

/// A graph run again and again, for a number of times or while a condition holds
/// (https://onnx.ai/onnx/operators/onnx__Loop.html).
package struct Loop: ValueOperator {
  package static let schema = Schema(
    "Loop", opsets: 1...28,
    signature: """
      1: (I?, B?, V~) -> V~; <body: graph!>; V: all; I: int64; B: bool
      11: (I?, B?, V~?) -> V~
      13: V + seq(all)
      16: V + bfloat16 seq(bfloat16) optional(all) optional(bfloat16) optional(seq(all))
        optional(seq(bfloat16))
      19: V + float8 seq(float8) optional(float8)
      21: V + int4s seq(int4s) optional(int4s)
      23: V + float4e2m1 seq(float4e2m1) optional(float4e2m1)
      24: V + float8e8m0 seq(float8e8m0) optional(float8e8m0)
      25: V + int2s seq(int2s) optional(int2s)
      """)
  package let bodies: [Body]
  /// Values that go from one run to the next.
  private let states: Int
  /// Outputs that collect a value of each run.
  private let collected: Int

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    let body = try node.body("body")
    // Both the number of runs and the condition may be left out, but not their places.
    guard node.inputs.count >= 2 else {
      throw ModelError(
        .invalid, "\(node.label): expected at least 2 inputs, found \(node.inputs.count)")
    }
    states = node.inputs.count - 2
    try body.require(
      inputs: node.inputs.count...node.inputs.count, outputs: (states + 1)...Int.max, node.label)
    collected = body.graph.outputs.count - 1 - states
    guard node.outputs.count <= states + collected else {
      throw ModelError(
        .invalid,
        "\(node.label): expected at most \(states + collected) outputs, as its body gives, found"
          + " \(node.outputs.count)")
    }
    bodies = [body]
  }

  /// What the body's first two inputs are: the number of the run and that the loop goes on.
  private static func leading(_ step: Operand? = nil) -> [Operand] {
    [
      step ?? Operand(name: "iteration", type: TensorType(.int64, [])),
      Operand(name: "condition", type: TensorType(.bool, []), constant: Tensor(bool: true)),
    ]
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    guard let inference = inputs.bodies else {
      return (0..<states + collected).map { _ in Inferred(.unknown) }
    }
    let first = (0..<states).map { inputs[$0 + 2] ?? Operand(name: "", valueType: nil) }
    var outputs: [Operand] = []
    let state = try inputs.settled(first) { (state) throws(ModelError) in
      outputs = try inference.infer(0, Self.leading() + state)
      return Array(outputs.dropFirst().prefix(states))
    }
    let runs = count(inputs, goesOn: outputs.first?.constant)
    let scans = outputs.dropFirst(1 + states).map { operand in
      guard case .tensor(let type)? = operand.valueType else { return Inferred(.unknown) }
      // Where the body may never run, nothing says what its lengths would have been.
      let runsOnce = (runs.value ?? 0) > 0
      let shape = type.shape.map { shape in
        Shape([runs] + shape.dimensions.map { runsOnce || $0.value != nil ? $0 : .unknown })
      }
      return Inferred(TensorType(type.elementType, shape))
    }
    return state.map { Inferred(value: $0.valueType) } + scans
  }

  /// How often the body runs.
  private func count(_ inputs: Inputs, goesOn: Tensor?) -> Dimension {
    if let start = inputs.knownIntegers(1), start == [0] { return 0 }
    let starts = inputs[1] == nil || inputs.knownIntegers(1) == [1]
    guard starts, goesOn?.integers?.first == 1, let limit = inputs.data(0)?.first else {
      return .unknown
    }
    return Dimension.maximum(limit, 0)
  }

  package func evaluate(_ call: Call) throws(ModelError) -> [Datum?] {
    let limit = try call.integer(0)
    var goesOn = try call.integer(1).map { $0 != 0 } ?? true
    var state: [Datum?] = (0..<states).map { call.optional($0 + 2) }
    var runs: [[Tensor]] = Array(repeating: [], count: collected)
    var step = 0
    while goesOn, limit.map({ step < $0 }) ?? true {
      let leading: [Datum] = [.tensor(Tensor(int64: [step], [])), .tensor(Tensor(bool: true))]
      let results = try call.run(0, leading + state)
      guard let condition = results[0].tensor?.integers, condition.count == 1 else {
        throw ModelError(
          .invalid,
          "\(call.label): expected a truth value as its body's first output, found \(results[0].type)"
        )
      }
      goesOn = condition[0] != 0
      for index in 0..<states { state[index] = results[1 + index] }
      for index in 0..<collected {
        guard let tensor = results[1 + states + index].tensor else {
          throw ModelError(
            .invalid,
            "\(call.label): expected a tensor to collect as its body's output"
              + " \(1 + states + index), found \(results[1 + states + index].type)")
        }
        runs[index].append(tensor.unsqueezed(axis: 0))
      }
      step += 1
    }
    var outputs = state
    for index in 0..<collected {
      outputs.append(.tensor(try collect(runs[index], index, state, call)))
    }
    return outputs
  }

  /// The values of all runs as one tensor; its type comes from inference where there was no run.
  private func collect(
    _ runs: [Tensor], _ index: Int, _ state: [Datum?], _ call: Call
  ) throws(ModelError) -> Tensor {
    guard runs.isEmpty else {
      guard let whole = Tensor(joining: runs, axis: 0) else {
        throw ModelError(
          .invalid,
          "\(call.label): expected values of one type and shape from each run for output"
            + " \(states + index), found \(runs[0].type) and others")
      }
      return whole
    }
    let arguments = state.map { $0.map { Operand(name: "", valueType: $0.type) } }
    let types = try call.bodies?.types(0, Self.leading() + arguments) ?? []
    guard let type = types[safe: 1 + states + index]?.type, let shape = type.shape,
      let empty = Tensor.zeros(type.elementType, [0] + shape.dimensions.map { $0.value ?? 0 })
    else {
      throw ModelError(
        .unsupported,
        "\(call.label), output \(states + index): its type is not known, since its body never ran")
    }
    return empty
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .barrier("goes through the body of \(inputs.label)")
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm {
    .float(reason: "it repeats its body")
  }
}

extension Loop {
  /// Back from the last run to the first; what the loop carries is collected on the way there.
  package var gradient: Gradient {
    .rule { [states, collected] call throws(ModelError) in
      for state in 0..<states where !call.has(2 + state) {
        throw ModelError(.unsupported, "what it carries begins as nothing")
      }
      var sequences: [ReversedLoop.Sequence] = []
      for index in 0..<collected {
        guard let g = call.cotangents[safe: states + index] ?? nil else { continue }
        sequences.append(
          ReversedLoop.Sequence(term: g, axis: 0, isReversed: false, bodyOutput: 1 + states + index)
        )
      }
      let loop = ReversedLoop(
        call: call,
        states: (0..<states).map {
          ReversedLoop.State(input: 2 + $0, output: $0, bodyInput: 2 + $0, bodyOutput: 1 + $0)
        },
        sequences: sequences, constants: [1: Tensor(bool: true)],
        collect: { (inputs) throws(ModelError) in
          try call.collected(inputs, after: states + collected)
        }, counter: 0)
      return try loop.cotangents(Scan.schema.op)
    }
  }
}

extension Loop {
  package static let revisions: [Revision] = [
    // Nothing need be carried.
    .additive(11)
  ]
}
