package import IR
private import Kernels

/// An operator that takes or gives other values than tensors of numbers, such as sequences and
/// strings, or that runs bodies.
package protocol ValueOperator: Operator {
  /// Whether `evaluate` below is the only one; where not, tensors of numbers alone go to the one for
  /// tensors. True by default.
  var needsValues: Bool { get }

  /// Computes the outputs; nil for those that the node does not name.
  func evaluate(_ call: Call) throws(ModelError) -> [Datum?]
}

/// What a `ValueOperator` gets for one evaluation.
package struct Call {
  /// How messages name the node.
  package let label: String
  package let inputs: [Datum?]
  /// Which outputs the node names.
  package let outputs: [Bool]
  /// Runs the bodies; nil where nobody can.
  package let bodies: (any BodyRunner)?

  package init(
    label: String, inputs: [Datum?], outputs: [Bool], bodies: (any BodyRunner)? = nil
  ) {
    self.label = label
    self.inputs = inputs
    self.outputs = outputs
    self.bodies = bodies
  }

  /// The input, nil when left out.
  package func optional(_ index: Int) -> Datum? { inputs[safe: index] ?? nil }

  /// The input; an error when it is left out.
  package func input(_ index: Int) throws(ModelError) -> Datum {
    guard let value = optional(index) else {
      throw ModelError(.invalid, "\(label), input \(index): expected a value, found none")
    }
    return value
  }

  /// The input as a tensor; an error for other values.
  package func tensor(_ index: Int) throws(ModelError) -> Tensor {
    guard case .tensor(let tensor) = try input(index) else {
      throw mismatch(index, expected: "a tensor")
    }
    return tensor
  }

  /// The input as a sequence; an error for other values.
  package func sequence(
    _ index: Int
  ) throws(ModelError) -> (elements: [Datum], type: ValueType?) {
    guard case .sequence(let elements, let type) = try input(index) else {
      throw mismatch(index, expected: "a sequence")
    }
    return (elements, type)
  }

  /// The input as strings; an error for other values.
  package func strings(_ index: Int) throws(ModelError) -> (texts: [[UInt8]], shape: [Int]) {
    let tensor = try tensor(index)
    guard case .strings(let texts) = tensor.payload else {
      throw mismatch(index, expected: "a tensor of strings")
    }
    return (texts, tensor.dimensions)
  }

  /// The one integer of an input, nil when it is left out; an error for other values.
  package func integer(_ index: Int) throws(ModelError) -> Int? {
    guard optional(index) != nil else { return nil }
    let values = try integers(index)
    guard values.count == 1 else { throw mismatch(index, expected: "one integer") }
    return values[0]
  }

  /// The integers of an input; an error for other values.
  package func integers(_ index: Int) throws(ModelError) -> [Int] {
    guard let values = try tensor(index).integers else {
      throw mismatch(index, expected: "integers")
    }
    return values
  }

  /// An error about an input.
  package func mismatch(_ index: Int, expected: String) -> ModelError {
    let found = optional(index).map { "\($0.type)" } ?? "none"
    return ModelError(
      .invalid, "\(label), input \(index): expected \(expected), found \(found)")
  }

  /// Runs a body.
  ///
  /// - Parameters:
  ///   - body: its place among the operator's bodies.
  ///   - arguments: its inputs, in order.
  package func run(_ body: Int, _ arguments: [Datum?]) throws(ModelError) -> [Datum] {
    guard let bodies else {
      throw ModelError(.unsupported, "\(label): its body cannot be run here")
    }
    return try bodies.run(body, arguments)
  }
}

/// Runs the bodies of an operator.
package protocol BodyRunner {
  /// The outputs of a body for its inputs; an input that has an initializer may be left out.
  func run(_ body: Int, _ arguments: [Datum?]) throws(ModelError) -> [Datum]

  /// The types of the body's outputs for inputs of these types, without running it.
  func types(_ body: Int, _ arguments: [Operand?]) throws(ModelError) -> [Operand]
}

extension ValueOperator {
  package var needsValues: Bool { true }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let inputs = context.inputs.map { view in
      view.map { view in
        Datum.tensor(
          Tensor(view.elementType, view.shape, Storage([UInt8](view.bytes))))
      }
    }
    let call = Call(label: context.label, inputs: inputs, outputs: context.outputs)
    for (index, value) in try evaluate(call).enumerated() where context.wants(index) {
      guard let storage = value?.tensor?.storage, let type = value?.tensor else {
        throw ModelError(
          .unsupported,
          "\(context.label), output \(index): expected a tensor of numbers, found "
            + (value.map { "\($0.type)" } ?? "none"))
      }
      let target = try context.bytes(output: index, type.elementType, type.dimensions)
      storage.withUnsafeBytes { target.copyMemory(from: $0) }
    }
  }
}
