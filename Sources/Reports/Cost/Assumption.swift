internal import IR
internal import Operators

/// Which open lengths of a model's inputs count as what.
struct Assumption {
  /// Which axes get a length.
  enum Axes {
    case all
    /// The batch alone.
    case first
    case none
  }

  /// Lengths that the caller gives.
  var binding: [String: Int]
  /// Lengths that the graph asks for, by symbol or by `input#axis`; 1 for the others.
  var guesses: [String: Int] = [:]
  var axes = Axes.all

  /// The model with lengths at its inputs, those of symbols, and what was assumed.
  func apply(
    to model: Model
  ) -> (model: Model, lengths: [String: Int], assumed: [(name: String, length: Int)]) {
    var sample = model
    var lengths = binding
    var assumed: [(name: String, length: Int)] = []
    for (index, info) in model.graph.inputs.enumerated() {
      guard let type = info.type?.tensor, var shape = type.shape?.substituting(lengths) else {
        continue
      }
      let name = model.graph[info.value].name
      for axis in shape.dimensions.indices where axes == .all || axes == .first && axis == 0 {
        for symbol in (shape[axis].expression?.symbols ?? []).sorted() where lengths[symbol] == nil
        {
          lengths[symbol] = guesses[symbol] ?? 1
          assumed.append((name: symbol, length: guesses[symbol] ?? 1))
        }
        shape[axis] = shape[axis].substituting(lengths)
        if shape[axis] == .unknown {
          let length = guesses["\(name)#\(axis)"] ?? 1
          shape[axis] = .known(length)
          assumed.append((name: "\(name)[\(axis)]", length: length))
        }
      }
      sample.graph.setInputType(index, .tensor(TensorType(type.elementType, shape)))
    }
    return (sample, lengths, assumed)
  }

  /// The lengths that follow from the graph, and the least that it takes of the others.
  static func solved(_ model: Model, _ binding: [String: Int]) -> Assumption {
    var bare = model
    bare.graph.valueInfos = []
    for index in model.graph.outputs.indices { bare.graph.setOutputType(index, nil) }
    var names: [String] = []
    for (index, info) in model.graph.inputs.enumerated() {
      guard let type = info.type?.tensor, var shape = type.shape?.substituting(binding) else {
        continue
      }
      for axis in shape.dimensions.indices where shape[axis] == .unknown {
        shape[axis] = Dimension(symbol: "\(model.graph[info.value].name)#\(axis)")
      }
      for symbol in shape.dimensions.flatMap({ $0.expression?.symbols.sorted() ?? [] })
      where !names.contains(symbol) { names.append(symbol) }
      bare.graph.setInputType(index, .tensor(TensorType(type.elementType, shape)))
    }
    let relations = LengthRelations()
    _ = try? inferTypes(bare, binding: binding, relations: relations)
    var solver = LengthSolver(relations.all, over: Set(names))
    for name in names { solver.choose([name], from: 1) }
    return Assumption(binding: binding, guesses: solver.lengths)
  }
}
