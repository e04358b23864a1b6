public import IR
internal import Operators

extension Objective {
  /// What two models have in common: outputs by position, and of the inner values that everything
  /// goes through the last one with more than one position, where both models know it by its name and
  /// give it the same shape.
  ///
  /// - Parameter kept: which of the teacher's slices are left of a value along each axis, where the
  ///   student was cut from the teacher; nil where nobody knows.
  public init(
    kinds: Set<Kind>, student: Model, teacher: Model,
    kept: (_ value: ValueID, _ rank: Int) -> [Int: [Int]]? = { _, _ in nil }
  ) throws(ModelError) {
    let own = try inferTypes(student), other = try inferTypes(teacher)
    let responses = zip(student.graph.outputs, teacher.graph.outputs).compactMap { a, b -> Pair? in
      guard own.graph[a.value].tensorType?.elementType == .float,
        other.graph[b.value].tensorType?.elementType == .float
      else { return nil }
      return Pair(student: student.graph[a.value].name, teacher: teacher.graph[b.value].name)
    }
    var features: [Pair] = []
    for value in own.narrows.reversed() {
      let name = student.graph[value].name
      guard let match = teacher.graph.value(named: name),
        let shape = own.graph[value].tensorType?.shape,
        let wide = other.graph[match].tensorType?.shape, shape.rank == wide.rank
      else { continue }
      let slices = kept(value, shape.rank) ?? [:]
      let fits = shape.dimensions.indices.allSatisfy { axis in
        guard let length = shape[axis].value, let whole = wide[axis].value else { return true }
        return length == (slices[axis]?.count ?? whole)
      }
      guard fits else { continue }
      features.append(Pair(student: name, teacher: name, kept: slices))
      break
    }
    self.init(kinds: kinds, responses: responses, features: features)
  }

  /// What is compared, a line each.
  public var summary: [String] {
    kinds.compactMap { kind in
      switch kind {
      case .response: "outputs: " + responses.map(\.student).joined(separator: ", ")
      case .feature:
        features.isEmpty
          ? "no inner value has a counterpart"
          : "features: " + features.map(\.student).joined(separator: ", ")
      case .relation: "relations between samples"
      case .labels: "labels"
      }
    }
  }
}

extension TypedGraph {
  /// Values of floats with several positions through which everything goes that the outputs depend
  /// on, in order of execution.
  fileprivate var narrows: [ValueID] {
    var readers: [ValueID: Int] = [:]
    for id in graph.nodeIDs {
      for value in Set(graph[id].inputs.compactMap { $0 } + graph[id].captures) {
        readers[value, default: 0] += 1
      }
    }
    for info in graph.outputs { readers[info.value, default: 0] += 1 }
    var live = Set(graph.inputs.map(\.value).filter { graph[$0].initializer == nil })
    var found: [ValueID] = []
    for id in graph.nodeIDs {
      let operands = Set(graph[id].inputs.compactMap { $0 } + graph[id].captures)
      // What is made of constants alone is none of the model's values.
      guard operands.contains(where: live.contains) else { continue }
      for value in operands {
        readers[value, default: 0] -= 1
        if readers[value] == 0 { live.remove(value) }
      }
      live.formUnion(graph[id].outputs.compactMap { $0 }.filter { readers[$0, default: 0] > 0 })
      guard live.count == 1, let value = live.first, let type = graph[value].tensorType,
        type.elementType == .float, let shape = type.shape, shape.rank >= 3,
        shape.dimensions.dropFirst(shape.rank > 3 ? 2 : 1).contains(where: { $0 != .known(1) })
      else { continue }
      found.append(value)
    }
    return found
  }
}
