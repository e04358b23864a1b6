public import IR
internal import Executor
internal import Operators

/// Computes what depends on constants alone and keeps the result as an initializer.
///
/// A result is kept when it is small or takes no more bytes than the constants that it frees.
public struct ConstantFolding: Pass {
  /// The pass's name.
  public let name = "fold-constants"

  /// Results of at most this many bytes are always kept.
  public let budget: Int

  /// Makes the pass.
  public init(budget: Int = 64 * 1024) { self.budget = budget }

  /// Applies the pass.
  public func run(_ model: inout Model) throws(ModelError) -> PassReport {
    var report = PassReport(pass: name)
    let facts = try inferTypes(model)
    for id in model.graph.nodeIDs {
      let node = model.graph[id]
      // Shapes are integers known from inference, other results from the inputs' values.
      guard let op = facts.op(id), op.isFoldable, node.captures.isEmpty, !node.inputs.isEmpty,
        !node.outputs.contains(where: { $0.map(model.graph.isOutput) ?? false })
      else { continue }
      let label = model.graph.label(id)
      let outputs = node.outputs.compactMap { $0 }
      let known = outputs.compactMap { facts.constant($0) }
      let results: [Tensor]
      if known.count == outputs.count {
        results = known
      } else {
        let inputs = node.inputs.map { $0.flatMap { model.graph.constant($0) } }
        guard zip(node.inputs, inputs).allSatisfy({ $0 == nil || $1 != nil }) else { continue }
        let freed = Set(node.inputs.compactMap { $0 })
          .filter { model.graph.onlyConsumer(of: $0) == id }
          .reduce(0) { $0 + (model.graph.constant($1)?.byteCount ?? 0) }
        let size = facts.outputs(id).reduce(0) { $0 + ($1.byteCount ?? .max / 16) }
        guard size <= max(budget, freed) else {
          report.declined.append(
            .init(node: label, text: "its result of \(size) bytes is larger than what it frees"))
          continue
        }
        let computed: [Tensor]?
        do throws(ModelError) {
          computed = try evaluateConstant(
            op, label: label, inputs: inputs, outputs: node.outputs.count)
        } catch {
          guard error.code == .unsupported else { throw error }
          report.declined.append(.init(node: label, text: error.message))
          continue
        }
        guard let computed else { continue }
        results = zip(node.outputs, computed).compactMap { $0 == nil ? nil : $1 }
      }
      model.graph.remove(id)
      for (output, tensor) in zip(outputs, results) { model.graph.setInitializer(output, tensor) }
      report.applied.append(.init(node: label, text: "computed from constants"))
    }
    return report
  }
}

extension TensorType {
  /// Bytes of a tensor of a static shape.
  fileprivate var byteCount: Int? {
    shape?.known.flatMap { Operators.byteCount(elementType, $0) }
  }
}
