package import IR
internal import Operators

/// The trained weights of a model that can be adapted: float constants of its main graph.
package struct Parameters {
  /// In the order of the graph's values.
  package let values: [ValueID]

  package init(of model: Model) throws(ModelError) {
    let typed = try inferTypes(model)
    values = typed.weights.filter { entry in
      entry.tensor.elementType == .float && model.graph[entry.value].initializer != nil
    }.map(\.value)
  }
}

/// A weight while it is adapted.
struct Parameter {
  let value: ValueID
  let name: String
  let dimensions: [Int]
  var elements: [Float]
  /// Elements that stay zero, of a weight that was made sparse; empty where all may change.
  let zeros: [Int]

  /// A weight in which at least one element in so many is zero was made so.
  private static let sparseFrom = 10

  /// What a step has to keep to; nil where it may do anything.
  let rule: Trainee.Rule?

  init?(_ value: ValueID, _ graph: Graph, rule: Trainee.Rule? = nil) {
    guard let tensor = graph[value].initializer, let elements = tensor.floats else { return nil }
    self.value = value
    name = graph[value].name
    dimensions = tensor.dimensions
    self.elements = elements
    self.rule = rule.flatMap { $0.binds ? $0 : nil }
    guard rule?.keepsZeros ?? true else {
      zeros = []
      return
    }
    let zeros = elements.indices.filter { elements[$0] == 0 }
    self.zeros =
      dimensions.count > 1 && zeros.count * Self.sparseFrom >= elements.count ? zeros : []
  }

  var tensor: Tensor { Tensor(floats: elements, dimensions) }
}
