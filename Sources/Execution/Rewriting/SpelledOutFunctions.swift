internal import IR
internal import Kernels
internal import Operators
internal import Rewriting

extension StepGraph {
  /// Joins functions that exporters spell out into one step each.
  mutating func joinFunctions() {
    // A function that contains others ends behind them.
    for index in steps.indices.reversed() {
      guard let step = steps[index], let kind = kind(step.node) else { continue }
      for spelling in Spellings.all where spelling.roots.contains(kind) {
        if join(spelling, at: step.node) { break }
      }
    }
  }

  private mutating func join(_ spelling: Spelling, at node: NodeID) -> Bool {
    guard let match = search(spelling.pattern, at: node), let source = match["x"],
      !isConstant(source), match.nodes.count > 1, obstacle(inside: match) == nil,
      let op = spelling.makeOperator(match)
    else { return false }
    let condition = OperandCondition(leastRank: leastRank(match), range: spelling.range)
    if case .function(let function)? = op.computation,
      let functions = backend.functions(of: function)
    {
      join(
        match, inputs: [source.index], form: .function(functions), op: op, condition: condition)
    } else {
      join(match, inputs: [source.index], form: .plain, op: op, condition: condition)
    }
    return true
  }

  /// Joins normalisations along the last axis that are spelled out, with their scale and bias.
  mutating func joinNormalizations() {
    let pattern = Spellings.scaledAndShifted(Spellings.layerNormalization)
    let roots = pattern.roots ?? []
    for index in steps.indices {
      guard let step = steps[index], let kind = kind(step.node), roots.contains(kind),
        let match = search(pattern, at: step.node), let source = match["x"], !isConstant(source),
        let scale = match["scale"], let bias = match["bias"], let axis = reducedAxis(match),
        let epsilon = match.numbers["epsilon"], epsilon >= 0, isRow(constant(scale.index)),
        isRow(constant(bias.index)), obstacle(inside: match) == nil
      else { continue }
      let ranks = [leastRank(match), rank(scale) ?? 0, rank(bias) ?? 0]
      join(
        match, inputs: [source.index, scale.index, bias.index],
        form: .rowNormalization(epsilon: Float(epsilon), axis: axis),
        condition: OperandCondition(leastRank: ranks.max() ?? 0))
    }
  }

  /// Joins normalisations by the mean square along the last axis that are spelled out, with their
  /// scale.
  mutating func joinRootMeanSquares() {
    let pattern = Spellings.scaledRMSNormalization
    let roots = pattern.roots ?? []
    for index in steps.indices {
      guard let step = steps[index], let kind = kind(step.node), roots.contains(kind),
        let match = search(pattern, at: step.node), let source = match["x"], !isConstant(source),
        let scale = match["scale"], let axis = reducedAxis(match),
        let epsilon = match.numbers["epsilon"], epsilon >= 0, isRow(constant(scale.index)),
        obstacle(inside: match) == nil, let op = Spellings.rmsOperator(epsilon: Float(epsilon))
      else { continue }
      join(
        match, inputs: [source.index, scale.index], form: .plain, op: op,
        condition: OperandCondition(
          leastRank: max(leastRank(match), rank(scale) ?? 0), lastAxis: axis, sumsSquares: true))
    }
  }

  /// The one axis, which stays, that all reductions of a match run along.
  private func reducedAxis(_ match: Match) -> Int? {
    var found: Int?
    for node in match.nodes {
      guard let op = op(node) as? any Reduction else { continue }
      let given = operands(node)[safe: 1] ?? nil
      guard op.settings.keepsAxes, let axes = op.settings.axes ?? integers(given),
        axes.count == 1, found == nil || found == axes[0]
      else { return nil }
      found = axes[0]
    }
    return found
  }

  /// Whether a tensor's last axis is the only one of more than one element.
  private func isRow(_ tensor: RuntimeTensor?) -> Bool {
    tensor.map {
      $0.elementType == .float && !$0.shape.isEmpty && $0.shape.dropLast().allSatisfy { $0 == 1 }
    } ?? false
  }

  /// Puts one step of the given form for those of a match.
  ///
  /// - Parameter op: what the step computes, where that is not its last one's operator.
  private mutating func join(
    _ match: Match, inputs: [Int?], form: StepForm, op: (any Operator)? = nil,
    condition: OperandCondition
  ) {
    let members = match.nodes.compactMap { place($0) }.sorted()
    guard let index = members.last, let last = steps[index] else { return }
    var joined = Step(
      last, op: op, inputs: inputs, outputs: last.outputs, form: form,
      parts: members.compactMap { steps[$0] })
    joined.condition = condition
    replace(members, with: joined)
  }
}
