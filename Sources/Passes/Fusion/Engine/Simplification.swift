public import IR
internal import Operators
internal import Rewriting

/// Applies rules to a model, its subgraphs and its functions until none applies any more.
///
/// A round infers types, then works off a list of nodes stage by stage: an edit puts only the nodes
/// around it back on the list, so the cost of a round is linear in the size of the graph. Rounds go
/// on until one changes nothing, which also makes the result the same when it is simplified again.
public struct Simplification: Pass {
  /// The pass's name.
  public let name = "simplify"
  /// What the user asked for.
  public let options: FusionOptions
  /// How many rewrites to make at most, for finding the one that breaks a result.
  let limit: Int
  /// Rewrites to leave out, by rule and node.
  private let without: [PassReport.Entry]
  private let stages: [[any FusionRule]]
  private let sweeps: [any SweepRule]
  private let bodies: [any BodyRule]

  /// A graph that still changes after this many rounds is reported as an error.
  private static let rounds = 50

  /// Makes the pass.
  ///
  /// - Throws: `ModelError` when a name in the options is not a rule's.
  public init(_ options: FusionOptions = FusionOptions()) throws(ModelError) {
    try self.init(options, without: [])
  }

  /// In place of a node: a rule is left out everywhere.
  static let everywhere = "all nodes"

  /// - Parameter without: rewrites to leave out, by rule and node.
  init(
    _ options: FusionOptions, limit: Int = .max, without: [PassReport.Entry]
  ) throws(ModelError) {
    let known = RuleCatalogue.entries.map(\.name)
    for name in options.only + options.skip where !known.contains(name) {
      throw ModelError(
        .request,
        "rule '\(name)': expected one of \(known.joined(separator: ", ")), found no such rule")
    }
    func isWanted(_ name: String, _ targets: [FusionTarget]) -> Bool {
      (options.only.isEmpty || options.only.contains(name)) && !options.skip.contains(name)
        && targets.contains(options.target)
        && !without.contains { $0.rule == name && $0.node == Self.everywhere }
    }
    self.options = options
    self.limit = limit
    self.without = without
    stages = RuleCatalogue.stages.map { stage in
      stage.filter { isWanted($0.name, $0.targets) }.map { $0.init() }
    }
    sweeps = RuleCatalogue.sweeps.filter { isWanted($0.name, FusionTarget.allCases) }
      .map { $0.init() }
    bodies = RuleCatalogue.bodies.filter { isWanted($0.name, FusionTarget.allCases) }
      .map { $0.init() }
  }

  /// Applies the rules.
  public func run(_ model: inout Model) throws(ModelError) -> PassReport {
    if let id = model.standIns.first {
      // Names in its attributes tie it to nodes as they are.
      var report = PassReport(pass: name)
      report.declined.append(
        .init(
          node: model.graph.label(id), text: "it names values of the graph, which stays as it is"))
      return report
    }
    if options.inlinesFunctions { try FunctionInlining().run(&model) }
    var journal = Journal(limit: limit)
    if options.fixesConstantInputs { fixConstantInputs(of: &model, &journal) }
    let mayOverride = !model.graph.initializersAreConstant
    model.graph.initializersAreConstant = !mayOverride || model.listsEveryInitializerAsInput
    defer { model.graph.initializersAreConstant = !mayOverride }
    var folder = ConstantFolder(
      spareBytes: options.growthLimit ?? max(1 << 20, model.graph.constantBytes / 10))
    for round in 0... {
      guard round < Self.rounds else {
        throw ModelError(
          .limit,
          "fusion: expected to settle within \(Self.rounds) rounds, found it still changing")
      }
      let before = journal.applied.count
      journal.startRound()
      try simplify(&model, outer: Scope(), &journal, &folder)
      importOperatorSets(of: model.graph, into: &model.opsetImports)
      for index in model.functions.indices where !journal.isFull {
        try simplifyFunction(index, of: &model, &journal, &folder)
      }
      if journal.applied.count == before || journal.isFull { break }
    }
    return journal.report(pass: name)
  }

  /// Takes constants that are listed as inputs off these; before IR version 4 they have to be.
  private func fixConstantInputs(of model: inout Model, _ journal: inout Journal) {
    guard model.irVersion ?? 0 >= 4 else { return }
    for id in model.graph.initializers where model.graph.isInput(id) {
      model.graph.removeInput(id)
      journal.apply("input '\(model.graph[id].name)'", rule: name, "a constant from now on")
    }
  }

  /// One round on a graph, then on the graphs that its nodes hold.
  private func simplify(
    _ model: inout Model, outer: Scope, _ journal: inout Journal, _ folder: inout ConstantFolder
  ) throws(ModelError) {
    for (id, type) in outer.types(of: model.graph) { model.graph.setType(id, type) }
    var net = Rewriter(
      try inferTypes(model), in: model, operatorSets: options.target.operatorSets, folder: folder,
      outer: outer)
    var active: [any FusionRule] = []
    for stage in stages {
      active += stage
      let table = RuleTable(active)
      net.queueAll()
      while let id = net.nextNode(), !journal.isFull {
        try visit(id, table, &net, &journal)
      }
    }
    for sweep in sweeps where !journal.isFull { try sweep.apply(to: &net, &journal) }
    folder = net.folder
    if active.contains(where: { $0 is RemoveDeadCode }) {
      for id in net.graph.initializers where net.graph[id].uses.isEmpty && !journal.isFull {
        guard net.graph.constant(id) != nil else { continue }
        journal.apply(
          "initializer '\(net.graph[id].name)'", rule: RemoveDeadCode.name, "nothing reads it")
      }
    }
    let scope = net.scope(inside: outer)
    model.graph = try net.finish()
    for rule in bodies where !journal.isFull { try rule.apply(to: &model.graph, outer, &journal) }
    for id in model.graph.nodeIDs where !model.graph[id].subgraphs.isEmpty && !journal.isFull {
      let label = model.graph.label(id)
      var bodies: [(Int, Graph)] = []
      for (index, attribute) in model.graph[id].attributes.enumerated() {
        guard case .graph(let graph) = attribute.value else { continue }
        var body = model
        body.graph = graph
        let declines = journal.declined
        do throws(ModelError) {
          try simplify(&body, outer: scope, &journal, &folder)
          bodies.append((index, body.graph))
        } catch {
          journal.declined = declines
          journal.decline("\(label), \(attribute.name)", rule: name, "\(error)")
        }
      }
      try model.graph.updateSubgraphs(of: id) { (attributes) throws(ModelError) in
        for (index, graph) in bodies { attributes[index].value = .graph(graph) }
      }
    }
  }

  /// One round on the body of a function, of whose inputs no types are known.
  private func simplifyFunction(
    _ index: Int, of model: inout Model, _ journal: inout Journal,
    _ folder: inout ConstantFolder
  ) throws(ModelError) {
    let function = model.functions[index]
    var body = model
    body.graph = function.body
    body.opsetImports = function.opsetImports
    let constants = body.graph.nodesToInitializers(function.opsetImports)
    let applied = journal.applied.count
    do throws(ModelError) {
      try simplify(&body, outer: Scope(), &journal, &folder)
    } catch {
      journal.decline("function \(function.op)", rule: name, "\(error)")
      return
    }
    guard journal.applied.count > applied else { return }
    body.graph.initializersToNodes(constants)
    model.functions[index].body = body.graph
    importOperatorSets(of: body.graph, into: &model.functions[index].opsetImports)
  }

  /// Imports the operator sets that rules for the target have brought in.
  private func importOperatorSets(of graph: Graph, into imports: inout [OpsetImport]) {
    for needed in options.target.operatorSets {
      let domain = needed.domain ?? ""
      if imports.version(of: domain) == nil, graph.uses(domain: domain) { imports.append(needed) }
    }
  }

  /// Tries the rules at a node until one applies.
  private func visit(
    _ id: NodeID, _ table: RuleTable, _ net: inout Rewriter, _ journal: inout Journal
  ) throws(ModelError) {
    let label = net.graph.label(id)
    for rule in table.rules(for: net.kind(id)) {
      let name = type(of: rule).name
      if let broken = without.first(where: { $0.rule == name && $0.node == label }) {
        journal.decline(label, rule: name, "rolled back: \(broken.text)")
        continue
      }
      switch try rule.apply(at: id, in: &net) {
      case .noMatch: break
      case .declined(let reason): journal.decline(label, rule: name, reason)
      case .applied(let text, let survivor, let absorbed):
        if let survivor { net.record(name, of: absorbed, into: survivor) }
        journal.apply(label, rule: name, text)
        if net.graph.contains(id) { net.touch(id) }
        return
      }
    }
  }
}

extension Model {
  /// Whether the inputs name every initializer in a model of IR version 4, the first in which they
  /// need not: exporters of that time went on listing them, without a wish to have them overridden.
  fileprivate var listsEveryInitializerAsInput: Bool {
    irVersion == 4 && !graph.initializers.isEmpty
      && graph.initializers.allSatisfy { graph.isInput($0) }
  }
}

extension Graph {
  /// Whether a node's operator is of this domain, nested graphs included.
  fileprivate func uses(domain: String) -> Bool {
    nodeIDs.contains { id in
      self[id].op.domain == domain || self[id].subgraphs.contains { $0.uses(domain: domain) }
    }
  }
}

extension Simplification: SteppedPass {
  /// Bisects the rewrites: their order does not depend on how many are made.
  func firstBroken(
    _ model: Model, _ verification: Verification
  ) throws(ModelError) -> PassReport.Entry? {
    func report(_ steps: Int) throws(ModelError) -> (isBroken: Bool, last: PassReport.Entry?) {
      var copy = model
      let report = try Simplification(options, limit: steps, without: without).run(&copy)
      do { try verification.check(model, copy) } catch {
        guard error.code == .verification else { throw error }
        return (true, report.applied.last)
      }
      return (false, nil)
    }
    var copy = model
    var low = 0, high = try run(&copy).applied.count
    guard try report(high).isBroken else { return nil }
    while high - low > 1 {
      let middle = (low + high) / 2
      if try report(middle).isBroken { high = middle } else { low = middle }
    }
    return try report(high).last
  }
}

/// Rules by the operator that they end in.
private struct RuleTable {
  private let general: [any FusionRule]
  private var byKind: [String: [any FusionRule]] = [:]

  init(_ rules: [any FusionRule]) {
    general = rules.filter { type(of: $0).roots.isEmpty }
    for kind in Set(rules.flatMap { type(of: $0).roots }) {
      byKind[kind] = rules.filter {
        type(of: $0).roots.isEmpty || type(of: $0).roots.contains(kind)
      }
    }
  }

  /// The rules to try, in their order.
  func rules(for kind: String?) -> [any FusionRule] { kind.flatMap { byKind[$0] } ?? general }
}
