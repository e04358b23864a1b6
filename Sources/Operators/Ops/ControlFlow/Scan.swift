package import IR

/// A graph run for each slice of its inputs (https://onnx.ai/onnx/operators/onnx__Scan.html).
///
/// In opset 8 the first axis of everything is a batch and the second is scanned, up to a length that
/// may differ from sample to sample; later the axes and directions are attributes.
package struct Scan: ValueOperator {
  package static let schema = Schema(
    "Scan", opsets: 8...28,
    signature: """
      8: (I?, V~) -> V~; <body: graph!, directions: ints, num_scan_inputs: int!>; I: int64;
        V: all
      9: (V~) -> V~; <body: graph!, num_scan_inputs: int!, scan_input_axes: ints,
        scan_input_directions: ints, scan_output_axes: ints, scan_output_directions: ints>
      16: V + bfloat16
      19: V + float8
      21: V + int4s
      23: V + float4e2m1
      24: V + float8e8m0
      25: V + int2s
      """)
  package let bodies: [Body]
  private let isBatched: Bool
  private let states: Int
  private let scanned: Int
  private let collected: Int
  private let inputAxes: [Int]
  private let outputAxes: [Int]
  private let inputsReversed: [Bool]
  private let outputsReversed: [Bool]

  /// The first input that is no sequence of lengths.
  private var firstInput: Int { isBatched ? 1 : 0 }

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    isBatched = opset < 9
    let body = try node.body("body")
    let given = node.inputs.count - (isBatched ? 1 : 0)
    scanned = try node.int("num_scan_inputs")
    guard scanned >= 1, scanned <= given else {
      throw node.mismatch("num_scan_inputs", expected: "1 to \(given)", found: "\(scanned)")
    }
    states = given - scanned
    try body.require(inputs: given...given, outputs: states...Int.max, node.label)
    collected = body.graph.outputs.count - states
    guard node.outputs.count <= states + collected else {
      throw ModelError(
        .invalid,
        "\(node.label): expected at most \(states + collected) outputs, as its body gives, found"
          + " \(node.outputs.count)")
    }
    func list(_ name: String, _ count: Int) throws(ModelError) -> [Int] {
      guard let values = try node.ints(name) else { return Array(repeating: 0, count: count) }
      guard values.count == count else {
        throw node.mismatch(name, expected: "\(count) integers", found: "\(values)")
      }
      return values
    }
    inputsReversed = try list(isBatched ? "directions" : "scan_input_directions", scanned)
      .map { $0 != 0 }
    outputsReversed =
      isBatched
      ? Array(repeating: false, count: collected)
      : try list("scan_output_directions", collected).map { $0 != 0 }
    inputAxes =
      isBatched ? Array(repeating: 0, count: scanned) : try list("scan_input_axes", scanned)
    outputAxes =
      isBatched ? Array(repeating: 0, count: collected) : try list("scan_output_axes", collected)
    bodies = [body]
  }

  // MARK: - Inference

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    guard let inference = inputs.bodies else {
      return (0..<states + collected).map { _ in Inferred(.unknown) }
    }
    var batch: Dimension = .unknown
    var length: Dimension = .unknown
    /// The type without the batch's axis.
    func sample(_ index: Int) throws(ModelError) -> TensorType {
      var type = inputs.type(firstInput + index)
      guard isBatched, let shape = type.shape else { return type }
      guard let first = shape.dimensions.first else {
        throw inputs.mismatch(firstInput + index, expected: "a batch", found: "\(type)")
      }
      if batch.value == nil { batch = first }
      type.shape = Shape(Array(shape.dimensions.dropFirst()))
      return type
    }
    var first: [Operand] = []
    for index in 0..<states { first.append(Operand(name: "", type: try sample(index))) }
    var slices: [Operand] = []
    for index in 0..<scanned {
      var type = try sample(states + index)
      if var shape = type.shape {
        let axis = try axis(
          inputAxes[index], rank: shape.rank, "scan_input_axes", inputs.label)
        let own = shape.dimensions.remove(at: axis)
        if let a = length.value, let b = own.value, a != b {
          throw inputs.mismatch(
            firstInput + states + index, expected: "length \(a) along axis \(axis)", found: "\(b)")
        }
        if length == .unknown || own.value != nil { length = own }
        type.shape = shape
      }
      slices.append(Operand(name: "", type: type))
    }
    var outputs: [Operand] = []
    let state = try inputs.settled(first) { (state) throws(ModelError) in
      outputs = try inference.infer(0, state + slices)
      return Array(outputs.prefix(states))
    }
    func batched(_ type: TensorType) -> Inferred {
      guard isBatched, let shape = type.shape else { return Inferred(type) }
      return Inferred(TensorType(type.elementType, Shape([batch] + shape.dimensions)))
    }
    var results = state.map { batched($0.type) }
    for (index, output) in outputs.dropFirst(states).enumerated() {
      var type = output.type
      if var shape = type.shape {
        let axis = try axis(
          outputAxes[index], rank: shape.rank + 1, "scan_output_axes", inputs.label)
        shape.dimensions.insert(length, at: axis)
        type.shape = shape
      }
      results.append(batched(type))
    }
    return results
  }

  private func axis(
    _ axis: Int, rank: Int, _ name: String, _ label: String
  ) throws(ModelError) -> Int {
    guard axis >= -rank, axis < rank else {
      throw ModelError(
        .invalid,
        "\(label), attribute '\(name)': expected axes in [-\(rank), \(rank - 1)], found \(axis)")
    }
    return axis < 0 ? axis + rank : axis
  }

  // MARK: - Evaluation

  package func evaluate(_ call: Call) throws(ModelError) -> [Datum?] {
    var tensors: [Tensor] = []
    for index in 0..<states + scanned { tensors.append(try call.tensor(firstInput + index)) }
    guard isBatched else {
      return try scan(tensors, length: nil, call).map { .tensor($0) }
    }
    guard let batch = tensors[0].dimensions.first,
      tensors.allSatisfy({ $0.dimensions.first == batch }), batch > 0
    else {
      throw ModelError(
        .invalid, "\(call.label): expected inputs of one batch, found \(tensors.map(\.dimensions))")
    }
    let lengths = call.optional(0) == nil ? nil : try call.integers(0)
    if let lengths, lengths.count != batch {
      throw call.mismatch(0, expected: "\(batch) lengths")
    }
    var samples: [[Tensor]] = []
    for sample in 0..<batch {
      var parts: [Tensor] = []
      for tensor in tensors {
        guard let part = tensor.element(sample, axis: 0) else { throw misfit(call) }
        parts.append(part)
      }
      samples.append(try scan(parts, length: lengths?[sample], call))
    }
    var outputs: [Datum?] = []
    for index in 0..<states + collected {
      let parts = samples.map { $0[index].unsqueezed(axis: 0) }
      guard let whole = Tensor(joining: parts, axis: 0) else { throw misfit(call) }
      outputs.append(.tensor(whole))
    }
    return outputs
  }

  private func misfit(_ call: Call) -> ModelError {
    ModelError(
      .invalid,
      "\(call.label): expected tensors of one type and shape from each run of the body,"
        + " found others")
  }

  /// Runs the body for each slice; what is collected is filled up to the whole length with zeros.
  private func scan(
    _ tensors: [Tensor], length limit: Int?, _ call: Call
  ) throws(ModelError) -> [Tensor] {
    var axes: [Int] = []
    for (index, tensor) in tensors.dropFirst(states).enumerated() {
      axes.append(
        try axis(
          inputAxes[index], rank: tensor.dimensions.count, "scan_input_axes", call.label))
    }
    let lengths = zip(tensors.dropFirst(states), axes).map { $0.dimensions[$1] }
    let whole = lengths[0], length = limit ?? whole
    guard lengths.allSatisfy({ $0 == whole }), length >= 0, length <= whole else {
      throw ModelError(
        .invalid, "\(call.label): expected inputs of one length to scan, found \(lengths)")
    }
    var state = Array(tensors.prefix(states))
    var runs: [[Tensor]] = Array(repeating: [], count: collected)
    for step in 0..<length {
      var arguments: [Datum?] = state.map { .tensor($0) }
      for (index, tensor) in tensors.dropFirst(states).enumerated() {
        let place = inputsReversed[index] ? length - 1 - step : step
        guard let slice = tensor.element(place, axis: axes[index]) else { throw misfit(call) }
        arguments.append(.tensor(slice))
      }
      let results = try call.run(0, arguments)
      let found = results.compactMap(\.tensor)
      guard found.count == results.count else { throw misfit(call) }
      state = Array(found.prefix(states))
      for index in 0..<collected { runs[index].append(found[states + index]) }
    }
    var outputs = state
    for index in 0..<collected {
      outputs.append(try collect(runs[index], index, length: whole, tensors, axes, call))
    }
    return outputs
  }

  private func collect(
    _ runs: [Tensor], _ index: Int, length: Int, _ tensors: [Tensor], _ axes: [Int], _ call: Call
  ) throws(ModelError) -> Tensor {
    var one: TensorType
    if let first = runs.first {
      one = first.type
    } else {
      var arguments: [Operand] = []
      for (place, tensor) in tensors.enumerated() {
        var type = tensor.type
        if place >= states { type.shape?.dimensions.remove(at: axes[place - states]) }
        arguments.append(Operand(name: "", type: type))
      }
      one = try call.bodies?.types(0, arguments)[safe: states + index]?.type ?? .unknown
    }
    guard let dimensions = one.shape?.dimensions.map({ $0.value ?? 0 }) else { throw misfit(call) }
    let axis = try axis(
      outputAxes[index], rank: dimensions.count + 1, "scan_output_axes", call.label)
    var parts = runs.map { $0.unsqueezed(axis: axis) }
    if outputsReversed[index] { parts.reverse() }
    if parts.count < length || parts.isEmpty {
      var rest = dimensions
      rest.insert(length - parts.count, at: axis)
      guard let zeros = Tensor.zeros(one.elementType, rest) else { throw misfit(call) }
      parts.append(zeros)
    }
    guard let whole = Tensor(joining: parts, axis: axis) else { throw misfit(call) }
    return whole
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .barrier("goes through the body of \(inputs.label)")
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm {
    .float(reason: "it repeats its body")
  }
}

extension Scan {
  /// The same from the last slice to the first; the states are collected on the way there.
  package var gradient: Gradient {
    guard !isBatched else { return .none("it scans batches, as in operator set 8") }
    return .rule { [self] call throws(ModelError) in
      var sequences: [ReversedLoop.Sequence] = []
      for index in 0..<scanned {
        let term = try call.input(states + index)
        sequences.append(
          ReversedLoop.Sequence(
            term: term, axis: inputAxes[index], isReversed: inputsReversed[index],
            input: states + index, bodyInput: states + index))
      }
      for index in 0..<collected {
        guard let g = call.cotangents[safe: states + index] ?? nil else { continue }
        sequences.append(
          ReversedLoop.Sequence(
            term: g, axis: outputAxes[index], isReversed: outputsReversed[index],
            bodyOutput: states + index))
      }
      let loop = ReversedLoop(
        call: call,
        states: (0..<states).map {
          ReversedLoop.State(input: $0, output: $0, bodyInput: $0, bodyOutput: $0)
        },
        sequences: sequences,
        collect: { (inputs) throws(ModelError) in
          try call.collected(inputs, after: states + collected) { attributes in
            // Axes and directions are lists with a place for each output.
            for place in attributes.indices
            where ["scan_output_axes", "scan_output_directions"].contains(attributes[place].name) {
              guard case .ints(let values) = attributes[place].value else { continue }
              attributes[place].value = .ints(values + inputs.map { _ in 0 })
            }
          }
        })
      return try loop.cotangents(Self.schema.op)
    }
  }
}

extension Scan {
  package static let revisions: [Revision] = [
    Revision(
      9,
      up: { edit throws(ModelError) in
        throw edit.decline("operator set 8 scans batches, which no later one does")
      },
      down: { edit throws(ModelError) in
        throw edit.decline("operator set 8 scans batches, which no later one does")
      })
  ]
}
