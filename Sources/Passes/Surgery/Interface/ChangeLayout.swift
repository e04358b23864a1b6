public import IR
internal import Operators

/// Makes an input take its axes in another order: a picture as `[N,H,W,C]` instead of `[N,C,H,W]`, or
/// the other way round.
public struct ChangeLayout: GraphEdit {
  /// How the axes of the input lie from then on.
  public enum Layout: String, CaseIterable, Sendable {
    /// Channels before the places.
    case nchw
    /// Channels behind the places.
    case nhwc

    /// For each axis of the model's order its place in this one.
    fileprivate func permutation(rank: Int) -> [Int] {
      switch self {
      // The new input has the channels last: the model's axis 1 is its last.
      case .nhwc: [0, rank - 1] + Array(1..<rank - 1)
      case .nchw: [0] + Array(2..<rank) + [1]
      }
    }
  }

  /// The edit's name.
  public let name = "layout"
  private let input: String?
  private let layout: Layout

  /// Makes the edit.
  ///
  /// - Parameters:
  ///   - input: the input; nil for the only one that has three axes or more.
  ///   - layout: how it lies from then on. That it lies in the other way now is taken as given.
  public init(_ input: String?, to layout: Layout) {
    self.input = input
    self.layout = layout
  }

  /// Reads `[INPUT=]nchw|nhwc`.
  public init(_ text: String) throws(ModelError) {
    let sign = text.lastIndex(of: "=")
    let word = sign.map { text[text.index(after: $0)...] } ?? text[...]
    guard let layout = Layout(rawValue: String(word)) else {
      throw ModelError(.request, "--layout: expected [INPUT=]nchw or nhwc, found '\(text)'")
    }
    self.init(sign.map { String(text[..<$0]) }, to: layout)
  }

  /// Inserts a transposition behind the input.
  public func run(_ model: inout Model) throws(ModelError) -> PassReport {
    var report = PassReport(pass: name)
    let index = try model.graph.pictureInput(input)
    let info = model.graph.inputs[index]
    let old = info.value
    let called = model.graph[old].name
    guard let type = info.type?.tensor, let shape = type.shape, shape.rank >= 3 else {
      throw ModelError(
        .request,
        "input '\(called)': expected 3 axes or more, found \(info.type.map { "\($0)" } ?? "no type")"
      )
    }
    let permutation = layout.permutation(rank: shape.rank)
    var dimensions = shape.dimensions
    for (axis, place) in permutation.enumerated() { dimensions[place] = shape[axis] }
    let new = try model.graph.handOnName(of: old, calling: "\(called)_reordered")
    model.graph.replaceInput(
      at: index, with: new, .tensor(TensorType(type.elementType, Shape(dimensions))))
    var names = model.graph.nodeNames
    model.graph.add(
      SurgeryNodes.transpose(
        new, permutation, into: old, name: freshName("\(called)_layout", &names)),
      before: model.graph.nodeIDs.first)
    report.applied.append(
      .init(
        node: "input '\(called)'",
        text: "\(type) -> \(TensorType(type.elementType, Shape(dimensions)))"))
    return report
  }

  /// Runs both models, each on the same numbers in its order.
  public func prove(
    _ before: Model, _ after: Model, _ verification: Verification
  ) throws(ModelError) -> EditProof {
    let runs = EditRuns(verification: verification)
    let index = try before.graph.pictureInput(input)
    let called = before.graph[before.graph.inputs[index].value].name
    let names = before.graph.tensorOutputs
    guard let sample = try runs.sample(after, outputs: names) else { return .notRunnable }
    var inputs = sample.inputs
    guard let tensor = inputs[called] else { return .notRunnable }
    inputs[called] = tensor.transposed(layout.permutation(rank: tensor.dimensions.count))
    guard let old = try runs.run(before, inputs, outputs: names) else { return .notRunnable }
    return EditProof(try runs.compare(names.map { ($0, old[$0], sample.outputs[$0]) }))
  }
}

extension Graph {
  /// The index of an input that is called so, or of the only one with three axes or more.
  func pictureInput(_ name: String?) throws(ModelError) -> Int {
    if let name {
      let index = inputs.firstIndex { self[$0.value].name == name }
      guard let index, self[inputs[index].value].initializer == nil else {
        let all = requiredInputs.map { self[$0.value].name }.joined(separator: ", ")
        throw ModelError(.request, "expected one of the inputs \(all), found '\(name)'")
      }
      return index
    }
    let found = inputs.indices.filter { index in
      self[inputs[index].value].initializer == nil
        && inputs[index].type?.tensor?.shape?.rank ?? 0 >= 3
    }
    guard found.count == 1 else {
      throw ModelError(
        .request, "expected one input with three axes or more, found \(found.count)",
        hint: "name it: INPUT=…")
    }
    return found[0]
  }

  /// Takes another value from outside in the place of an input.
  mutating func replaceInput(at index: Int, with value: ValueID, _ type: ValueType) {
    var infos = inputs
    var info = ValueInfo(value, type: type)
    info.docString = infos[index].docString
    info.metadata = infos[index].metadata
    infos[index] = info
    setInputs(infos)
  }

  /// Names of all nodes.
  var nodeNames: Set<String> { Set(nodeIDs.compactMap { self[$0].name }) }
}
