internal import Execution
internal import IR
internal import Operators
internal import Reports
internal import Samples

/// One of two models whose values are compared.
struct NumericSide {
  private let model: Model
  private let options: SessionOptions
  /// The model prepared for running.
  private var session: Session?

  init(_ model: Model, _ options: SessionOptions) {
    self.model = model
    self.options = options
  }

  /// Gives back what was prepared.
  mutating func release() { session = nil }

  /// Runs batches and shows some values.
  mutating func run(
    _ batches: Range<Int>, of run: SampleRun, _ names: InputNames, _ values: Set<ValueID>,
    _ observe: (_ batch: Int, _ value: ValueID, _ view: TensorView) throws(ModelError) -> Void
  ) throws(ModelError) {
    let prepared: Session
    if let session { prepared = session } else { prepared = try Session(model, options: options) }
    session = prepared
    let own = model.graph.requiredInputs.map { model.graph[$0.value].name }
    for batch in batches {
      let inputs = names.named(own, try run.inputs(batch: batch))
      _ = try prepared.run(inputs, outputs: [], observing: values) {
        value, view throws(ModelError) in try observe(batch, value, view)
      }
    }
  }
}

/// The names of the inputs of two models that are given the same samples.
struct InputNames {
  private let a: [String]
  private let b: [String]

  init(_ a: Model, _ b: Model) throws(ModelError) {
    self.a = a.graph.requiredInputs.map { a.graph[$0.value].name }
    self.b = b.graph.requiredInputs.map { b.graph[$0.value].name }
    guard self.a.count == self.b.count else {
      throw ModelError(
        .request,
        "numeric comparison: expected as many inputs, found \(self.a.count) and \(self.b.count)")
    }
  }

  /// Inputs under the names of one of the models: by name, else by place.
  func named(_ own: [String], _ inputs: [String: Tensor]) -> [String: Tensor] {
    var found: [String: Tensor] = [:]
    for (index, name) in own.enumerated() {
      found[name] = inputs[name] ?? inputs[a[index]] ?? inputs[b[index]]
    }
    return found
  }
}

/// How far pairs of values lie apart, over the samples so far.
struct PairSums {
  private(set) var sums: [ComparisonSums]
  /// The types of a pair where they differ.
  private(set) var mismatches: [String?]
  private let channels: [[Int: ChannelMap]]

  init(_ pairs: [MatchedValue]) {
    sums = Array(repeating: ComparisonSums(), count: pairs.count)
    mismatches = Array(repeating: nil, count: pairs.count)
    channels = pairs.map(\.channels)
  }

  /// Adds a sample of a pair.
  mutating func add(_ index: Int, _ values: (Tensor, Tensor)) throws(ModelError) {
    let reference = values.0.keeping(channels[index])
    if reference.type == values.1.type {
      try sums[index].add(reference: reference, candidate: values.1)
    } else {
      mismatches[index] = "\(reference.type) and \(values.1.type)"
    }
  }
}

extension MatchedValue {
  /// The value in the first model, number 0, or in the second.
  func value(_ side: Int) -> ValueID { side == 0 ? a : b }
}

extension Tensor {
  /// The elements that the other value has too, in its order, for channels that were removed or
  /// reordered.
  fileprivate func keeping(_ channels: [Int: ChannelMap]) -> Tensor {
    guard !channels.isEmpty,
      channels.allSatisfy({ $0 < dimensions.count && $1.length == dimensions[$0] })
    else { return self }
    return sliced(dimensions.indices.map { axis in channels[axis].map { [$0.places] } })
  }
}

extension TensorView {
  /// The elements in memory of their own.
  var copied: Tensor {
    Tensor(
      elementType, shape,
      Storage(count: bytes.count) { target in target.copyMemory(from: bytes) })
  }
}
