public import IR
internal import Operators

/// Opens axes of inputs that the model fixes, under one name: the batch, or a length of pictures.
///
/// What the exporter wrote down of the old length goes with it: targets of reshapes come to copy the
/// length or to compute it. Where a node still ends in the old length, or the larger batch does not
/// give what the old model gives for its parts, the reason is thrown and nothing is changed.
public struct FreeDimensions: GraphEdit {
  /// An axis of an input.
  public struct Place: Hashable, Sendable {
    /// The input's name.
    public let input: String
    /// The axis.
    public let axis: Int

    /// Names an axis.
    public init(input: String, axis: Int) {
      self.input = input
      self.axis = axis
    }
  }

  /// The edit's name.
  public let name: String
  private let places: [Place]?
  private let symbol: String

  /// Opens axes under a name.
  public init(_ places: [Place], as symbol: String) {
    name = "dim"
    self.places = places
    self.symbol = symbol
  }

  /// Opens the batch: the first axis of every input whose first axis is as long as that of the first
  /// input.
  public init(batch symbol: String = "batch") {
    name = "batch"
    places = nil
    self.symbol = symbol
  }

  /// The axes to open, by index of the input, and the length that they have. Empty where the batch is
  /// open already.
  private func axes(_ graph: Graph) throws(ModelError) -> [(input: Int, axis: Int, length: Int)] {
    guard let places else {
      let firsts = graph.inputs.indices.compactMap { index -> (Int, Int, Int)? in
        guard graph[graph.inputs[index].value].initializer == nil,
          let length = graph.inputs[index].type?.tensor?.shape?.dimensions.first?.value
        else { return nil }
        return (index, 0, length)
      }
      return firsts.filter { $0.2 == firsts[0].2 }
    }
    return try places.map { place throws(ModelError) in
      let index = graph.inputs.firstIndex { graph[$0.value].name == place.input }
      guard let index, let shape = graph.inputs[index].type?.tensor?.shape,
        shape.dimensions.indices.contains(place.axis)
      else {
        throw ModelError(
          .request, "expected an axis of an input, found '\(place.input):\(place.axis)'")
      }
      guard let length = shape[place.axis].value else {
        throw ModelError(
          .request,
          "expected a fixed axis, found that '\(place.input):\(place.axis)' is open already")
      }
      return (index, place.axis, length)
    }
  }

  /// Opens the axes.
  ///
  /// - Throws: `ModelError` with code `unsupported` and the node that keeps the old length.
  public func run(_ model: inout Model) throws(ModelError) -> PassReport {
    var report = PassReport(pass: name)
    let axes = try axes(model.graph)
    guard let length = axes.first?.length else {
      report.declined.append(
        .init(node: "inputs", text: "their first axes are open already, or there are none"))
      return report
    }
    guard Set(axes.map(\.length)).count == 1 else {
      throw ModelError(
        .request, "expected axes of one length for '\(symbol)', found \(axes.map(\.length))")
    }
    var freed = FreedModel(model, symbol: symbol, length: length)
    for (input, axis, _) in axes { freed.open(input, axis) }
    try freed.settle()
    report.applied += freed.applied
    model = try freed.finish()
    for (input, axis, length) in axes {
      report.applied.append(
        .init(
          node: "input '\(model.graph[model.graph.inputs[input].value].name)'",
          text: "axis \(axis): \(length) -> \(symbol)"))
    }
    return report
  }

  /// Runs the edited model on twice the old length; along a first axis the old model gives the same
  /// for either half. Along other axes only the old length can be compared.
  public func prove(
    _ before: Model, _ after: Model, _ verification: Verification
  ) throws(ModelError) -> EditProof {
    let runs = EditRuns(verification: verification)
    let axes = try axes(before.graph)
    let names = before.graph.tensorOutputs
    guard let old = try runs.sample(before, outputs: names) else { return .notRunnable }
    guard let same = try runs.run(after, old.inputs, outputs: names) else { return .notRunnable }
    var worst = try runs.compare(names.map { ($0, old.outputs[$0], same[$0]) })
    guard axes.allSatisfy({ $0.axis == 0 }), let length = axes.first?.length, length > 0 else {
      return EditProof(worst, on: " at the old length; others give no samples to compare with")
    }
    var other = EditRuns(verification: verification)
    other = EditRuns(verification: verification.reseeded)
    guard let second = try other.sample(before, outputs: names) else { return .notRunnable }
    let opened = Set(axes.map { before.graph[before.graph.inputs[$0.input].value].name })
    var joined = old.inputs
    for name in opened {
      guard let a = old.inputs[name], let b = second.inputs[name] else { continue }
      joined[name] = Tensor(joining: [a, b], axis: 0)
    }
    // Inputs without the axis are the same for both halves.
    var inputs = second.inputs
    for (name, tensor) in old.inputs where !opened.contains(name) { inputs[name] = tensor }
    let halves = try [old.outputs, runs.run(before, inputs, outputs: names) ?? [:]]
    guard let whole = try runs.run(after, joined, outputs: names) else { return .notRunnable }
    for (index, info) in after.graph.outputs.enumerated() {
      let name = after.graph[info.value].name
      guard names.contains(name), let result = whole[name] else { continue }
      let dimensions = info.type?.tensor?.shape?.dimensions ?? []
      let axis = dimensions.firstIndex { $0.expression?.symbols.contains(symbol) ?? false }
      let parts = halves.compactMap { $0[name] }
      let expected = axis.flatMap { Tensor(joining: parts, axis: $0) } ?? parts.first
      worst = try max(
        worst,
        noting("twice the old length") { () throws(ModelError) in
          try runs.compare([
            ("\(before.graph[before.graph.outputs[index].value].name)", expected, result)
          ])
        })
    }
    return EditProof(worst, on: ", on the old length and on twice as much")
  }
}

extension Verification {
  /// The same with other inputs.
  fileprivate var reseeded: Verification {
    var copy = self
    copy.seed = seed &+ 0x9e37_79b9
    return copy
  }
}
