public import IR

/// A model whose inputs have lengths where it left them open.
public struct BoundDimensions: Sendable {
  /// The model with the lengths at its inputs; all else is as it was.
  public private(set) var model: Model
  /// The model with lengths only where an open axis has no symbol.
  public private(set) var placed: Model
  /// The lengths of symbols.
  public private(set) var symbols: [String: Int] = [:]

  /// Reads `SYMBOL=LENGTH` and `INPUT:AXIS=LENGTH`.
  ///
  /// - Throws: `ModelError` with code `request` for what has another form, and for a symbol or an
  ///   axis that no input leaves open, naming those that there are.
  public init(_ model: Model, _ pairs: [String]) throws(ModelError) {
    (self.model, placed) = (model, model)
    for pair in pairs {
      guard let sign = pair.lastIndex(of: "="), let length = Int(pair[pair.index(after: sign)...]),
        length >= 0, sign > pair.startIndex
      else {
        throw ModelError(
          .request, "--dim: expected NAME=LENGTH or INPUT:AXIS=LENGTH, found '\(pair)'")
      }
      let name = String(pair[..<sign])
      if Self.openSymbols(model.graph).contains(name) {
        symbols[name] = length
      } else {
        try bind(name, length)
      }
    }
    placed = self.model
    guard !symbols.isEmpty else { return }
    for (index, info) in self.model.graph.inputs.enumerated() {
      guard let type = info.type?.tensor, let shape = type.shape else { continue }
      self.model.graph.setInputType(
        index, .tensor(TensorType(type.elementType, shape.substituting(symbols))))
    }
  }

  /// Binds an axis by its place: an axis with a symbol gives it to all that have the same.
  private mutating func bind(_ name: String, _ length: Int) throws(ModelError) {
    guard let colon = name.lastIndex(of: ":"), let axis = Int(name[name.index(after: colon)...]),
      let index = model.graph.inputs.firstIndex(where: {
        model.graph[$0.value].name == name[..<colon]
      }),
      let type = model.graph.inputs[index].type?.tensor, var shape = type.shape,
      shape.dimensions.indices.contains(axis), shape[axis].value == nil
    else { throw unknown(name) }
    if let symbol = shape[axis].expression?.symbol {
      symbols[symbol] = length
    } else {
      shape[axis] = .known(length)
      model.graph.setInputType(index, .tensor(TensorType(type.elementType, shape)))
    }
  }

  private func unknown(_ name: String) -> ModelError {
    let graph = model.graph
    var places: [String] = []
    for info in graph.requiredInputs {
      let dimensions = info.type?.tensor?.shape?.dimensions ?? []
      for (axis, dimension) in dimensions.enumerated() where dimension.value == nil {
        let place = "\(graph[info.value].name):\(axis)"
        let symbol = dimension.expression?.symbol
        places.append(symbol.map { "\($0) (\(place))" } ?? place)
      }
    }
    guard !places.isEmpty else {
      return ModelError(
        .request, "--dim: expected no length, since the inputs leave none open, found '\(name)'")
    }
    return ModelError(
      .request,
      "--dim: expected an open dimension of the inputs (\(places.joined(separator: ", "))), "
        + "found '\(name)'")
  }

  private static func openSymbols(_ graph: Graph) -> Set<String> {
    graph.requiredInputs.reduce(into: []) { found, info in
      for dimension in info.type?.tensor?.shape?.dimensions ?? [] {
        found.formUnion(dimension.expression?.symbols ?? [])
      }
    }
  }
}
