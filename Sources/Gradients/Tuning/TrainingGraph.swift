import IR
internal import Operators

/// A student's graph with its objective and the gradients of its weights, which are inputs.
struct TrainingGraph {
  /// Gives the gradients.
  let model: Model
  /// Gives the losses.
  let judge: Model
  /// The losses that the judge gives, of which the least counts: the loss, and the same at other temperatures
  /// where labels count.
  let judged: [String]
  let names: ObjectiveNames
  /// The weights that can be adapted, and the outputs that hold their gradients.
  let parameters: [(value: ValueID, gradient: String)]
  /// Nodes without a derivative, one line each.
  let obstacles: [String]
  /// Weights whose gradients would need one of these.
  let blocked: [String]

  init(_ trainee: Trainee, _ objective: Objective, variances: [Double]) throws(ModelError) {
    let student = trainee.model
    var base = student
    base.graph.initializersAreConstant = false
    let wanted: [ValueID]
    if let own = trainee.parameters {
      wanted = own
    } else {
      wanted = try Parameters(of: base).values
    }
    let loss: Term, softer: [Term]
    (base, loss, softer, names) = try Self.forward(base, objective, variances: variances)
    let found = try Differentiation(base, by: wanted) { (builder, typed) throws(ModelError) in
      [(loss.id, builder.number(1, .float))]
    }
    let forward = GraphBuilder(base.graph, opset: base.opset() ?? 0, isPortable: false)
    let whole = GraphBuilder(found.model.graph, opset: base.opset() ?? 0, isPortable: false)
    for one in [loss] + softer { forward.output("objective_loss", one) }
    judged = forward.graph.outputs.map { forward.graph[$0.value].name }
    var parameters: [(value: ValueID, gradient: String)] = []
    for value in wanted {
      guard let gradient = found.cotangents[value] else { continue }
      for side in [forward, whole] { side.open(value) }
      whole.output(
        "objective_gradient", Term(whole, gradient, student.graph[value].tensorType ?? .unknown))
      guard let output = whole.graph.outputs.last?.value else { continue }
      parameters.append((value, whole.graph[output].name))
    }
    self.parameters = parameters
    for side in [forward, whole] { side.dropUnread() }
    var model = found.model, judge = base
    model.graph = whole.graph
    judge.graph = forward.graph
    self.model = model
    self.judge = judge
    obstacles = found.obstacles.map { "\($0.node): \($0.reason)" }
    blocked = wanted.filter { found.blocked.contains($0) }.map { student.graph[$0].name }
  }

  /// A model that gives the objective alone, as outputs of the names that follow, of which the least counts.
  static func judge(
    _ model: Model, _ objective: Objective, variances: [Double]
  ) throws(ModelError) -> (model: Model, judged: [String]) {
    var (base, loss, softer, _) = try forward(model, objective, variances: variances)
    let builder = GraphBuilder(base.graph, opset: base.opset() ?? 0, isPortable: false)
    for one in [loss] + softer { builder.output("objective_loss", one) }
    builder.dropUnread()
    base.graph = builder.graph
    return (base, base.graph.outputs.map { base.graph[$0.value].name })
  }

  /// A model with the objective behind it and no outputs.
  private static func forward(
    _ model: Model, _ objective: Objective, variances: [Double]
  ) throws(ModelError) -> (model: Model, loss: Term, softer: [Term], names: ObjectiveNames) {
    var base = model
    base.irVersion = max(base.irVersion ?? 8, 8)
    base.graph.valueInfos = []
    let builder = GraphBuilder(
      base.graph, opset: base.opset() ?? 0, isPortable: false, stem: "objective")
    let (loss, softer, names) = try objective.append(
      to: builder, try inferTypes(base), variances: variances)
    builder.dropOutputs()
    base.graph = builder.graph
    return (base, loss, softer, names)
  }
}
