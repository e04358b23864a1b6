internal import IR

/// What one of several runs that go side by side has made so far.
struct Lane {
  /// The tensors of numbers, by slot.
  var values: [RuntimeTensor?] = []
  /// The other values: sequences, optionals and strings.
  var others: [Int: Datum] = [:]
  /// Why the run ended early.
  let failure: ModelError?

  /// - Parameters:
  ///   - values: the constants.
  ///   - strings: the constants that are strings.
  ///   - inputs: what the run is given, in place of constants where both are there.
  init(_ values: [RuntimeTensor?], _ strings: [Int: Datum], _ inputs: [Int: RuntimeValue]) {
    self.values = values
    others = strings
    failure = nil
    for (slot, value) in inputs {
      others[slot] = nil
      switch value {
      case .tensor(let tensor): self.values[slot] = tensor
      case .other(let datum): others[slot] = datum
      }
    }
  }

  /// A run that has ended early.
  init(failure: ModelError) { self.failure = failure }
}
