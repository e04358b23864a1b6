package import IR
internal import Operators

/// Nodes that a rule puts together before it changes the graph. Each is typed as it is added; the whole
/// joins the graph where what it makes agrees with what it stands for, and else leaves it alone.
package struct Patch {
  /// What a node of a patch reads: a value of the graph, or something that the patch makes.
  package struct Term {
    fileprivate enum Source {
      case value(ValueID)
      case part(Int)
    }

    fileprivate let source: Source
    fileprivate let operand: Operand
    /// What is known of its type.
    package var type: TensorType { operand.type }
  }

  /// In the order in which they come into the graph.
  fileprivate enum Part {
    case constant(Tensor, stem: String)
    case node(Emit.Draft, inputs: [Term?], stem: String, before: NodeID, type: TensorType)
  }

  fileprivate private(set) var parts: [Part] = []
  /// Why the nodes do not go together; nil while they do.
  package private(set) var refusal: String?
  private let opset: Int
  private let follower: NodeID

  fileprivate init(opset: Int, before follower: NodeID) {
    self.opset = opset
    self.follower = follower
  }

  /// Adds a constant under a name derived from `stem`.
  package mutating func constant(_ tensor: Tensor, stem: String) -> Term {
    parts.append(.constant(tensor, stem: stem))
    return Term(
      source: .part(parts.count - 1),
      operand: Operand(name: stem, type: tensor.type, constant: tensor))
  }

  /// Adds a node with one result, whose name is derived from `stem`.
  ///
  /// - Parameters:
  ///   - expected: what the rule knows of the result beyond what follows from the operands; where these
  ///     say otherwise, the patch does not join.
  ///   - follower: the node in front of which it stands; nil for that of the patch.
  package mutating func add(
    _ type: String, _ inputs: [Term?], attributes: [Attribute] = [], stem: String,
    expecting expected: TensorType? = nil, before follower: NodeID? = nil
  ) -> Term {
    var result = expected ?? .unknown
    do throws(ModelError) {
      let draft = try draft(type, inputs, attributes, stem)
      let inferred = draft.results.first?.type ?? .unknown
      if let expected {
        refuse(unless: inferred, agreesWith: expected, type)
      } else {
        result = inferred
      }
      parts.append(
        .node(
          draft, inputs: inputs, stem: stem, before: follower ?? self.follower, type: result))
    } catch {
      refusal = refusal ?? error.message
    }
    return Term(
      source: .part(max(0, parts.count - 1)), operand: Operand(name: stem, type: result))
  }

  /// What would come of an operation on terms, without adding it.
  fileprivate func draft(
    _ type: String, _ inputs: [Term?], _ attributes: [Attribute], _ label: String,
    domain: String? = nil, results: Int = 1
  ) throws(ModelError) -> Emit.Draft {
    try Emit.draft(
      type, domain: domain, opset: domain == nil ? opset : 1,
      inputs: Inputs(label: "\(type) '\(label)'", inputs.map { $0?.operand }),
      attributes: attributes, results: results)
  }

  fileprivate mutating func refuse(
    unless found: TensorType, agreesWith wanted: TensorType, _ type: String
  ) {
    guard refusal == nil, !found.agrees(with: wanted) else { return }
    refusal = "\(type) would give \(found) where \(wanted) is wanted"
  }
}

extension Rewriter {
  /// A patch whose nodes stand before another one.
  package func patch(before follower: NodeID) -> Patch { Patch(opset: opset, before: follower) }

  /// A value of the graph, for the nodes of a patch.
  package func term(_ value: ValueID) -> Patch.Term {
    Patch.Term(
      source: .value(value),
      operand: Operand(
        name: graph[value].name, type: type(value), constant: constant(value),
        data: elements(value)))
  }

  /// Puts the nodes of a patch into the graph.
  ///
  /// - Returns: the results of its nodes in order, or nil where they do not go together: then the graph
  ///   is as it was.
  package mutating func place(_ patch: Patch) -> [ValueID]? {
    guard patch.refusal == nil else { return nil }
    return settle(patch).compactMap(\.result)
  }

  /// Lets a node become another operation, of values of the graph or of a patch, which is put before
  /// it.
  ///
  /// - Returns: why that cannot be, or nil when it is done. Then the graph is as it was: the parts do
  ///   not go together, or the result would have another type than the node's readers know.
  package mutating func join(
    _ patch: Patch, as id: NodeID, _ operatorType: String, _ inputs: [Patch.Term?],
    attributes: [Attribute] = [], domain: String? = nil, results: Int = 1
  ) -> String? {
    var patch = patch
    let draft: Emit.Draft
    do throws(ModelError) {
      draft = try patch.draft(
        operatorType, inputs, attributes, graph.label(id), domain: domain, results: results)
      if let result = output(id), let found = draft.results.first?.type {
        patch.refuse(unless: found, agreesWith: type(result), operatorType)
      }
    } catch {
      return error.message
    }
    if let refusal = patch.refusal { return refusal }
    let made = settle(patch)
    become(id, draft, inputs: inputs.map { $0.flatMap { value($0, made) } })
    return nil
  }

  /// Lets a node become another operation of values of the graph.
  ///
  /// - Parameters:
  ///   - domain: another than ONNX's own, at its first version.
  ///   - results: how many results it will have.
  /// - Returns: why that cannot be, or nil when it is done.
  package mutating func become(
    _ id: NodeID, _ operatorType: String, inputs: [ValueID?], attributes: [Attribute] = [],
    domain: String? = nil, results: Int = 1
  ) -> String? {
    join(
      patch(before: id), as: id, operatorType, inputs.map { $0.map { term($0) } },
      attributes: attributes, domain: domain, results: results)
  }

  /// A constant or the result of a node that has come into the graph.
  private struct Made {
    let value: ValueID
    var result: ValueID?
  }

  private mutating func settle(_ patch: Patch) -> [Made] {
    var made: [Made] = []
    for part in patch.parts {
      switch part {
      case .constant(let tensor, let stem): made.append(Made(value: newConstant(stem, tensor)))
      case .node(let draft, let inputs, let stem, let follower, let type):
        let output = newValue(stem, type)
        let operands = inputs.map { $0.flatMap { value($0, made) } }
        insert(draft, operands, output, before: follower)
        made.append(Made(value: output, result: output))
      }
    }
    return made
  }

  private func value(_ term: Patch.Term, _ made: [Made]) -> ValueID? {
    switch term.source {
    case .value(let value): value
    case .part(let place): made[safe: place]?.value
    }
  }
}
