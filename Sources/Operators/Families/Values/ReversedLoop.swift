import IR

/// The way back through a loop: a Scan from the last run of the body to the first, over what each run
/// started from. Cotangents of the state go from run to run, those of values that the body reads by
/// name are added up.
struct ReversedLoop {
  /// A value that goes from one run of the body to the next.
  struct State {
    /// Its place among the node's inputs and outputs, and the body's inputs and outputs.
    let input, output, bodyInput, bodyOutput: Int
  }

  /// A sequence of which each run has a slice.
  struct Sequence {
    let term: Term
    let axis: Int
    let isReversed: Bool
    /// The node's input that it is; nil where it was collected for the way back.
    var input: Int?
    /// The body's input that gets the slice.
    var bodyInput: Int?
    /// The body's output whose cotangent the slice is.
    var bodyOutput: Int?
  }

  let call: GradientCall
  let states: [State]
  /// What the node scans, and the cotangents of what it collected.
  let sequences: [Sequence]
  /// Inputs of the body that are the same in every run.
  var constants: [Int: Tensor] = [:]
  /// Lets the node collect what these inputs of its body are in each run.
  let collect: ([Int]) throws(ModelError) -> [Term]
  /// The body's input that is collected in any case, so that the number of runs is known.
  var counter: Int?

  func cotangents(_ scan: OperatorName) throws(ModelError) -> [Term?] {
    guard let bodies = call.bodies else { throw call.unknown("its body") }
    let moving = moving(bodies)
    let slices = sequences.filter { sequence in
      sequence.bodyInput != nil && sequence.input.map { call.varies[$0] } ?? false
    }
    let wanted = Set(moving.map(\.bodyInput) + slices.compactMap(\.bodyInput))
    var given: [Term] = [], seeds: [Term] = []
    let back = try bodies.backward(0, inputs: wanted) { (builder, outputs) throws(ModelError) in
      var terms = [Term?](repeating: nil, count: outputs.count)
      for state in moving {
        given.append(builder.value("cotangent", outputs[state.bodyOutput].type))
        terms[state.bodyOutput] = given.last
      }
      for output in sequences.compactMap(\.bodyOutput) {
        seeds.append(builder.value("cotangent", outputs[output].type))
        terms[output] = seeds.last
      }
      return terms
    }
    let builder = back.builder
    for state in moving {
      let input = back.inputs[state.bodyInput]
      builder.output(
        "cotangent", back.cotangents[state.bodyInput] ?? input.number(0).expanded(like: input))
    }
    let captured = call.captures.indices.filter { back.captured[$0] != nil }
    var sums: [Term] = []
    for place in captured {
      guard let part = back.captured[place] else { continue }
      let sum = builder.value("sum", call.captures[place].term.type)
      sums.append(sum)
      builder.output("sum", (sum + part).typed(as: sum.type))
    }
    let scanned = slices.filter { $0.bodyInput.map { back.cotangents[$0] != nil } ?? false }
    for slice in scanned {
      if let own = slice.bodyInput.flatMap({ back.cotangents[$0] }) {
        builder.output("cotangent", own)
      }
    }
    builder.dropUnread()
    let (sources, all) = try sources(back, seeds)
    builder.take(given + sums + sources)
    let outputs = call.builder.node(
      scan, try first(moving, captured).map(\.id) + all.map(\.term.id), bodies: [("body", builder)],
      attributes(all, scanned), outputs: moving.count + captured.count + scanned.count)
    return results(outputs, moving, captured, scanned)
  }

  /// The states that change with what is differentiated by.
  private func moving(_ bodies: any BodyDifferentiation) -> [State] {
    let slices = sequences.filter { $0.input.map { call.varies[$0] } ?? false }
      .compactMap(\.bodyInput)
    var moving = Set(states.indices.filter { call.varies[states[$0].input] })
    while true {
      let inputs = Set(moving.map { states[$0].bodyInput } + slices)
      let outputs = bodies.varying(0, inputs: inputs)
      let more = states.indices.filter { outputs.contains(states[$0].bodyOutput) }
      guard !moving.isSuperset(of: more) else { break }
      moving.formUnion(more)
    }
    return moving.sorted().map { states[$0] }.filter { state in
      let type = call.facts.elementType(state.input)
      return type.isFloatingPoint || type == .undefined
    }
  }

  /// The body's inputs for slices, and the sequences that these are of.
  private func sources(
    _ back: BackwardBody, _ seeds: [Term]
  ) throws(ModelError) -> (inputs: [Term], sequences: [Sequence]) {
    let graph = back.builder.graph
    func isRead(_ input: Int) -> Bool { !graph[back.inputs[input].id].uses.isEmpty }
    let saved = states.filter { isRead($0.bodyInput) }
    for state in saved { try check(state, back.inputs[state.bodyInput].type) }
    let places = (counter.map { [$0] } ?? []) + saved.map(\.bodyInput)
    var inputs: [Term] = [], all: [Sequence] = []
    for (place, term) in zip(places, try collect(places)) {
      inputs.append(back.inputs[place])
      all.append(Sequence(term: term, axis: 0, isReversed: false))
    }
    var seeds = seeds[...]
    for sequence in sequences {
      guard let input = sequence.bodyInput.map({ back.inputs[$0] }) ?? seeds.popFirst() else {
        continue
      }
      inputs.append(input)
      all.append(sequence)
    }
    for (input, tensor) in constants where isRead(input) {
      back.builder.fix(back.inputs[input].id, tensor)
    }
    return (inputs, all)
  }

  /// Declines states of which there is no sequence of tensors.
  private func check(_ state: State, _ type: TensorType) throws(ModelError) {
    switch call.facts[state.input]?.valueType {
    case .sequence, .optional:
      throw ModelError(.unsupported, "it carries a sequence from run to run")
    default: break
    }
    guard let first = call.facts.shape(state.input) else { return }
    guard let shape = type.shape, shape.rank == first.rank,
      zip(first.dimensions, shape.dimensions).allSatisfy({ $0 == $1 || $0 == .unknown })
    else {
      throw ModelError(.unsupported, "what it carries changes its shape from run to run")
    }
  }

  /// What the cotangents of states and the sums begin as.
  private func first(_ moving: [State], _ captured: [Int]) throws(ModelError) -> [Term] {
    var terms: [Term] = []
    for state in moving {
      if let given = call.cotangents[safe: state.output] ?? nil {
        terms.append(given)
      } else {
        let start = try call.input(state.input)
        terms.append(start.number(0).expanded(like: start))
      }
    }
    return terms
      + captured.map { place in
        let term = call.captures[place].term
        return term.number(0).expanded(like: term)
      }
  }

  private func attributes(_ all: [Sequence], _ scanned: [Sequence]) -> [Attribute] {
    func directions(_ sequences: [Sequence]) -> AttributeValue {
      .ints(sequences.map { $0.isReversed ? 0 : 1 })
    }
    return [
      Attribute("num_scan_inputs", .int(all.count)),
      Attribute("scan_input_axes", .ints(all.map(\.axis))),
      Attribute("scan_input_directions", directions(all)),
    ]
      + (scanned.isEmpty
        ? []
        : [
          Attribute("scan_output_axes", .ints(scanned.map(\.axis))),
          Attribute("scan_output_directions", directions(scanned)),
        ])
  }

  private func results(
    _ outputs: [ValueID], _ moving: [State], _ captured: [Int], _ scanned: [Sequence]
  ) -> [Term?] {
    let count = call.node.inputs.count
    var results = [Term?](repeating: nil, count: count + call.captures.count)
    let places =
      moving.map(\.input) + captured.map { count + $0 } + scanned.compactMap(\.input)
    for (place, output) in zip(places, outputs) {
      let type = place < count ? call.facts.type(place) : call.captures[place - count].term.type
      results[place] = Term(call.builder, output, type)
    }
    return results
  }
}

extension GradientCall {
  /// Lets the node collect what inputs of its body are in each run.
  ///
  /// - Parameters:
  ///   - count: how many outputs the node could have.
  ///   - change: what its other attributes need.
  func collected(
    _ inputs: [Int], after count: Int, _ change: (inout [Attribute]) -> Void = { _ in }
  ) throws(ModelError) -> [Term] {
    guard let id, !inputs.isEmpty else { return [] }
    let stem = builder.stem + "_in"
    let made = try builder.collect(id, after: count, adding: inputs.count) {
      (attributes) throws(ModelError) in
      for place in attributes.indices where attributes[place].name == "body" {
        guard case .graph(var graph) = attributes[place].value else { continue }
        for input in inputs {
          let value = graph.inputs[input].value
          let copy = graph.addFreshValue(stem)
          graph.add(Emit.identity(value, into: copy))
          graph.addOutput(ValueInfo(copy, type: graph[value].type))
        }
        attributes[place].value = .graph(graph)
      }
      change(&attributes)
    }
    return made.map { Term(builder, $0, .unknown) }
  }
}
