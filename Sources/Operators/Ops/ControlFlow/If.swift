package import IR

/// One of two graphs, as a condition says (https://onnx.ai/onnx/operators/onnx__If.html).
package struct If: ValueOperator {
  package static let schema = Schema(
    "If", opsets: 1...28,
    signature: """
      1: (B) -> V~; <else_branch: graph!, then_branch: graph!>; V: all; B: bool
      13: V + seq(all)
      16: V + bfloat16 seq(bfloat16) optional(all) optional(bfloat16) optional(seq(all))
        optional(seq(bfloat16))
      19: V + float8 seq(float8) optional(float8)
      21: V + int4s seq(int4s) optional(int4s)
      23: V + float4e2m1 seq(float4e2m1) optional(float4e2m1)
      24: V + float8e8m0 seq(float8e8m0) optional(float8e8m0)
      25: V + int2s seq(int2s) optional(int2s)
      """)
  /// The graph for true, then that for false.
  package let bodies: [Body]

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    bodies = [try node.body("then_branch"), try node.body("else_branch")]
    for body in bodies {
      try body.require(
        inputs: 0...0, outputs: node.outputs.count...node.outputs.count, node.label)
    }
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    guard let inference = inputs.bodies else {
      return bodies[0].graph.outputs.map { _ in Inferred(.unknown) }
    }
    if let condition = inputs.knownIntegers(0), condition.count == 1 {
      let taken = condition[0] != 0 ? 0 : 1
      inference.neverRuns(1 - taken)
      return try inference.infer(taken, []).map { Inferred($0) }
    }
    let (yes, no) = (try inference.infer(0, []), try inference.infer(1, []))
    return zip(yes, no).map { yes, no in
      guard let a = yes.valueType, let b = no.valueType else { return Inferred(.unknown) }
      let (first, second) = (Inferred(yes), Inferred(no))
      return Inferred(value: a.widened(to: b), data: first.data == second.data ? first.data : nil)
    }
  }

  package func evaluate(_ call: Call) throws(ModelError) -> [Datum?] {
    guard let condition = try call.integer(0) else {
      throw call.mismatch(0, expected: "a truth value")
    }
    return try call.run(condition != 0 ? 0 : 1, [])
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .barrier("computed by a branch of \(inputs.label)")
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm {
    .float(reason: "it chooses a branch")
  }
}

extension If {
  /// The branch that was taken is gone through once more, and back.
  package var gradient: Gradient {
    .rule { [bodies] call throws(ModelError) in
      var taken: Int?
      if let condition = call.facts.knownIntegers(0), condition.count == 1 {
        taken = condition[0] != 0 ? 0 : 1
      }
      var sides: [(builder: GraphBuilder, captured: [Term?])] = []
      for body in bodies.indices {
        if let taken, taken != body {
          let nothing = GraphBuilder(
            Graph(name: bodies[body].name), opset: call.builder.opset,
            isPortable: call.builder.isPortable, stem: call.builder.stem + "_in")
          sides.append((nothing, call.captures.map { _ in nil }))
          continue
        }
        let back = try call.bodies?.backward(body, inputs: []) {
          (builder, outputs) throws(ModelError) in
          var seeds: [Term?] = []
          for place in outputs.indices {
            guard let given = call.cotangents[safe: place] ?? nil else {
              seeds.append(nil)
              continue
            }
            seeds.append(try builder.outer(given))
          }
          return seeds
        }
        guard let back else { throw call.unknown("its branches") }
        sides.append((back.builder, back.captured))
      }
      let wanted = call.captures.indices.filter { place in
        sides.contains { $0.captured[place] != nil }
      }
      guard !wanted.isEmpty else { return [] }
      for side in sides {
        for place in wanted {
          let value = try side.builder.outer(call.captures[place].term)
          side.builder.output(
            "cotangent", side.captured[place] ?? value.number(0).expanded(like: value))
        }
        side.builder.dropUnread()
      }
      let made = call.builder.node(
        Self.schema.op, [try call.input(0).id],
        bodies: zip(bodies, sides).map { ($0.name, $1.builder) }, outputs: wanted.count)
      var results = [Term?](repeating: nil, count: call.node.inputs.count + call.captures.count)
      for (place, value) in zip(wanted, made) {
        let type = call.captures[place].term.type
        results[call.node.inputs.count + place] = Term(call.builder, value, type)
      }
      return results
    }
  }
}
