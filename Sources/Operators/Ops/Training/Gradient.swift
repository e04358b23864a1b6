package import IR

/// The derivatives of a value of the graph by others
/// (https://onnx.ai/onnx/operators/onnx_aionnxpreviewtraining_Gradient.html).
///
/// Attributes name values of the graph: `y` by `xs`, all that lies between them, with `zs` for what does
/// not change. The inputs are what `xs` and `zs` are for the derivatives.
package struct GradientOf: StandIn {
  package static let schema = Schema(
    "Gradient", domain: "ai.onnx.preview.training", opsets: 1...1, inputs: 1...Int.max,
    outputs: 1...Int.max)
  private let xs: [String]
  private let zs: [String]
  private let y: String

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    func names(_ name: String) throws(ModelError) -> [String] {
      (try node.strings(name) ?? []).map { String(decoding: $0, as: UTF8.self) }
    }
    xs = try names("xs")
    zs = try names("zs")
    y = try node.string("y")
    guard !xs.isEmpty, Set(xs + zs).count == xs.count + zs.count else {
      throw node.mismatch("xs", expected: "names, each once", found: "\(xs + zs)")
    }
    guard node.inputs.count == xs.count + zs.count, node.outputs.count <= xs.count else {
      throw ModelError(
        .invalid,
        "\(node.label): expected \(xs.count + zs.count) inputs and at most \(xs.count) outputs, as"
          + " 'xs' and 'zs' name, found \(node.inputs.count) and \(node.outputs.count)")
    }
  }

  package var isFoldable: Bool { false }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    xs.indices.map { Inferred(inputs.type($0)) }
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    throw ModelError(
      .unsupported,
      "\(context.label): expected it in a model's main graph, found it in a body or by itself")
  }

  package func nodes(
    of id: NodeID, in model: Model, isLast: Bool
  ) throws(ModelError) -> (graph: Graph, imports: [OpsetImport]) {
    let graph = model.graph, label = graph.label(id)
    var leaves: [ValueID] = []
    for name in xs + zs + [y] {
      guard let value = graph.value(named: name) else {
        throw ModelError(.invalid, "\(label): expected a value '\(name)' of the graph, found none")
      }
      leaves.append(value)
    }
    let result = leaves.removeLast()
    let part = GraphPart(model, from: leaves, to: result)
    return try noting(label) { () throws(ModelError) in
      try part.differentiated(count: xs.count, isPortable: !isLast)
    }
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .barrier("it differentiates the graph around it")
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm {
    .float(reason: "it differentiates the graph around it")
  }
}

extension GradientOf {
  package var gradient: Gradient { .none("it is a derivative itself") }
}
