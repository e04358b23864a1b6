internal import IR
internal import Operators

extension Model {
  /// Exchanges rows and columns of constants that products of matrices exchange when they run.
  mutating func straightenProducts() {
    for id in graph.nodeIDs {
      guard let attributes = ProductNodes.straightened(graph[id]),
        let value = graph[id].inputs[safe: ProductNodes.right] ?? nil,
        let constant = graph.constant(value), let turned = constant.turned
      else { continue }
      let straight = graph.addInitializer("\(graph[value].name)_straight", turned)
      graph.setInput(id, slot: ProductNodes.right, to: straight)
      graph[id].attributes = attributes
    }
    graph.dropUnusedValues()
  }
}

extension Tensor {
  /// A matrix of floats with rows and columns exchanged; nil for others.
  var turned: Tensor? {
    guard dimensions.count == 2, elementType == .float, let floats else { return nil }
    let rows = dimensions[0], columns = dimensions[1]
    var found = floats
    for row in 0..<rows {
      for column in 0..<columns { found[column * rows + row] = floats[row * columns + column] }
    }
    return Tensor(floats: found, [columns, rows])
  }
}
