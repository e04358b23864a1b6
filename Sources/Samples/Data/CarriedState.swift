public import Execution
internal import IR

/// Which inputs get what outputs of the sample before left, and how the model is run to know it.
public struct Carrying: Sendable {
  /// `INPUT=OUTPUT` each.
  public var pairs: [String]
  /// How the model is run.
  public var options: SessionOptions

  /// Makes a request.
  public init(_ pairs: [String], options: SessionOptions) {
    self.pairs = pairs
    self.options = options
  }
}

/// Inputs that the data leaves out since outputs of the sample before are what they get: the state of a
/// recurrent network that runs over a stream. The first sample gets zeros.
///
/// The states are those that the model itself comes to, so that whoever calibrates, prunes or compares
/// sees each sample as the model does, in any order.
struct CarriedState {
  private let pairs: [(input: String, output: String)]
  private let model: Model
  /// The model with zeros for the states.
  let resting: Model

  /// Reads `INPUT=OUTPUT`.
  ///
  /// - Throws: `ModelError` for other words, and names that the graph does not have.
  init(_ words: [String], of model: Model) throws(ModelError) {
    var resting = model
    var pairs: [(input: String, output: String)] = []
    let outputs = model.graph.outputs.map { model.graph[$0.value].name }
    for word in words {
      guard let sign = word.firstIndex(of: "=") else {
        throw ModelError(.request, "--carry: expected INPUT=OUTPUT, found '\(word)'")
      }
      let (input, output) = (String(word[..<sign]), String(word[word.index(after: sign)...]))
      guard
        let info = model.graph.requiredInputs.first(where: { model.graph[$0.value].name == input })
      else {
        throw Self.unknown(
          input, "an input", model.graph.requiredInputs.map { model.graph[$0.value].name })
      }
      guard outputs.contains(output) else { throw Self.unknown(output, "an output", outputs) }
      guard let type = info.type?.tensor, let shape = type.shape, shape.rank > 0,
        let zeros = Tensor.zeros(type.elementType, shape.dimensions.map { $0.value ?? 1 })
      else {
        throw ModelError(
          .request,
          "--carry: expected a tensor of numbers of known rank as '\(input)', found others")
      }
      resting.graph.setInitializer(info.value, zeros)
      pairs.append((input, output))
    }
    self.pairs = pairs
    self.model = model
    self.resting = resting
  }

  private static func unknown(_ name: String, _ kind: String, _ all: [String]) -> ModelError {
    ModelError(
      .request,
      "--carry: expected \(kind) of the graph (\(all.joined(separator: ", "))), found '\(name)'")
  }

  /// The samples with the states that the model comes to.
  func completing(_ data: Dataset, _ options: SessionOptions) throws(ModelError) -> Dataset {
    guard (data.batch ?? 1) == 1 else {
      throw ModelError(
        .request,
        "--carry: expected a model that takes one sample at a time, found one that takes "
          + "\(data.batch ?? 1)")
    }
    let session = try Session(model, options: options)
    var states: [String: Tensor] = [:]
    for pair in pairs {
      let value = resting.graph.value(named: pair.input)
      states[pair.input] = value.flatMap { resting.graph[$0].initializer }
    }
    var seen: [String: [Tensor]] = [:]
    for range in (0..<data.count).map({ $0..<$0 + 1 }) {
      for (name, state) in states { seen[name, default: []].append(state) }
      let inputs = try data.inputs(range).merging(states) { own, _ in own }
      let results = try session.run(inputs, outputs: pairs.map(\.output))
      for pair in pairs {
        guard let next = results[pair.output], let state = states[pair.input],
          next.type == state.type
        else {
          throw ModelError(
            .request,
            "--carry: expected output '\(pair.output)' to be like input '\(pair.input)', found "
              + "\(results[pair.output].map { "\($0.type)" } ?? "none")")
        }
        states[pair.input] = next
      }
    }
    let names = pairs.map { "'\($0.input)'" }.joined(separator: ", ")
    return Dataset(
      data, states: seen.compactMapValues { Tensor(joining: $0, axis: 0) },
      note: "\(names): zeros at first, then what the model gave for the sample before")
  }

  /// What to do about an input that the data lacks, where an output is like it.
  static func hint(_ input: ValueInfo, in graph: Graph) -> String? {
    guard let type = input.type?.tensor, let shape = type.shape, shape.rank > 1 else { return nil }
    let name = graph[input.value].name
    let like = graph.outputs.filter { output in
      guard let other = output.type?.tensor, let found = other.shape else { return false }
      return other.elementType == type.elementType && found.rank == shape.rank
        && zip(found.dimensions, shape.dimensions).allSatisfy {
          $0 == $1 || $0.value == nil || $1.value == nil
        }
    }
    guard let output = like.first.map({ graph[$0.value].name }) else { return nil }
    return "a state that goes from sample to sample: --carry \(name)=\(output)"
  }
}
