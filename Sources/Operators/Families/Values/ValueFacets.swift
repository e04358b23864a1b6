package import IR

/// Operators on sequences and optionals, which neither channels nor 8-bit numbers go through.
package protocol ContainerOperator: ValueOperator {}

extension ContainerOperator {
  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .barrier("goes through the sequence or optional of \(inputs.label)")
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm {
    .float(reason: "works on sequences and optionals")
  }
}

/// Operators on strings.
package protocol TextOperator: ValueOperator {}

extension TextOperator {
  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .barrier("made from strings by \(inputs.label)")
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm {
    .float(reason: "works on strings")
  }
}

extension Inputs {
  /// The type of the elements of an input, nil when not known; an error when the input is known to be
  /// no sequence.
  package func elementType(ofSequence index: Int) throws(ModelError) -> ValueType? {
    switch self[index]?.valueType {
    case nil: return nil
    case .sequence(let type)?: return type
    case let other?: throw mismatch(index, expected: "a sequence", found: "\(other)")
    }
  }

  /// An error when an input is known to be other than a tensor of strings.
  package func requireStrings(_ index: Int) throws(ModelError) {
    guard let type = self[index]?.valueType else { return }
    let found = type.tensor?.elementType
    guard found == .string || found == .undefined else {
      throw mismatch(index, expected: "a tensor of strings", found: "\(type)")
    }
  }
}

extension Call {
  /// A place in a sequence made non-negative; an error when it lies outside 0...last.
  package func place(_ index: Int, last: Int, count: Int) throws(ModelError) -> Int? {
    guard let given = try integer(index) else { return nil }
    let place = given < 0 ? given + count : given
    guard place >= 0, place <= last else {
      throw ModelError(
        .invalid,
        "\(label), input \(index): expected a place in a sequence of \(count), found \(given)")
    }
    return place
  }
}

extension ContainerOperator {
  package var gradient: Gradient { .none("works on sequences and optionals") }
}

extension TextOperator {
  package var gradient: Gradient { .none("works on strings") }
}
