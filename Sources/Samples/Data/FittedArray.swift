internal import IR

/// An array in the element type and with the axes that a graph's input asks for.
struct FittedArray {
  let name: String
  let values: SampleArray
  /// How many rows the graph takes at a time: nil for any number, 0 where all samples share the array.
  let step: Int?
  /// What was changed so that it fits.
  let notes: [String]

  /// Rows along the first axis, or arrays.
  var rows: Int {
    switch values {
    case .stacked(let tensor): tensor.dimensions.first ?? 1
    case .separate(let tensors): tensors.count
    }
  }

  var isSeparate: Bool { if case .separate = values { true } else { false } }

  /// Fits values to an input.
  ///
  /// Numbers of other types are taken where they survive the conversion (floating-point ones are
  /// rounded to the input's type); a sole sample may come without the axis that counts samples.
  ///
  /// - Parameter label: what messages call the array.
  init(
    _ name: String, _ values: SampleArray, _ type: ValueType?, label: String
  ) throws(ModelError) {
    self.name = name
    let declared = type?.tensor?.shape?.dimensions.first?.value
    switch values {
    case .stacked(let tensor):
      let (fitted, notes) = try Self.fit(tensor, to: type, label)
      self.values = .stacked(fitted)
      self.notes = notes
      step = fitted.dimensions.isEmpty || declared == 0 ? 0 : declared
    case .separate(let tensors):
      var fitted: [Tensor] = []
      for (index, tensor) in tensors.enumerated() {
        let (own, _) = try Self.fit(tensor, to: type, "\(label), sample \(index)", isSample: true)
        fitted.append(own)
      }
      notes = []
      if let whole = Tensor(joining: fitted, axis: 0) {
        self.values = .stacked(whole)
        step = declared
        return
      }
      guard declared == nil || declared == 1, fitted.allSatisfy({ $0.dimensions.first == 1 })
      else {
        let shapes = fitted.prefix(3).map { "\($0.type)" }.joined(separator: ", ")
        throw ModelError(
          .request,
          "\(label): expected samples of one shape, or one sample an array for a graph that takes any number, found \(shapes)"
        )
      }
      self.values = .separate(fitted)
      step = nil
    }
  }

  /// - Parameter isSample: the tensor is one sample, whose axis of samples may be left out.
  private static func fit(
    _ tensor: Tensor, to type: ValueType?, _ label: String, isSample: Bool = false
  ) throws(ModelError) -> (Tensor, [String]) {
    guard let type else { return (tensor, []) }
    guard let wanted = type.tensor else {
      throw ModelError(
        .unsupported, "\(label): expected a tensor as the graph's input, found \(type)")
    }
    var tensor = tensor
    var notes: [String] = []
    if let shape = wanted.shape, let found = withSampleAxis(tensor, shape, isSample) {
      tensor = found
      if !isSample { notes.append("\(label) has no axis that counts samples: taken as one sample") }
    }
    guard matches(tensor, wanted.shape) else {
      throw ModelError(
        .request, "\(label): expected \(wanted), found \(tensor.type)",
        hint: hint(tensor, wanted.shape))
    }
    if wanted.elementType != .undefined, wanted.elementType != tensor.elementType {
      guard let converted = tensor.converted(to: wanted.elementType) else {
        throw ModelError(
          .request, "\(label): expected \(wanted), found \(tensor.type)",
          hint: "its values are not exact as \(wanted.elementType)")
      }
      let isFloat = tensor.elementType.isFloatingPoint
      if !isFloat { notes.append("\(label): \(tensor.elementType) taken as \(wanted.elementType)") }
      tensor = converted
    }
    return (tensor, notes)
  }

  /// Whether a tensor has an input's axes: all but the first, of which there may be any number.
  private static func matches(_ tensor: Tensor, _ shape: Shape?) -> Bool {
    guard let shape else { return true }
    return shape.rank == tensor.dimensions.count
      && zip(shape.dimensions, tensor.dimensions).dropFirst().allSatisfy { wanted, found in
        wanted.value == nil || wanted.value == found
      }
  }

  /// The tensor with an axis of length 1 in front, where only that is missing. Left to guess, only
  /// samples of two axes or more are taken so; a row of numbers is as likely a mistake.
  private static func withSampleAxis(
    _ tensor: Tensor, _ shape: Shape, _ isSample: Bool
  ) -> Tensor? {
    guard shape.rank == tensor.dimensions.count + 1, isSample || tensor.dimensions.count > 1,
      shape.dimensions[0].value ?? 1 == 1
    else { return nil }
    let longer = tensor.unsqueezed(axis: 0)
    return matches(longer, shape) ? longer : nil
  }

  /// What probably is the matter with a tensor of another shape.
  private static func hint(_ tensor: Tensor, _ shape: Shape?) -> String? {
    guard let shape else { return nil }
    return turning(tensor, shape) ?? reshaping(tensor, shape)
  }

  /// How to arrange samples that have as many elements as the graph takes.
  private static func reshaping(_ tensor: Tensor, _ shape: Shape) -> String? {
    let wanted = shape.dimensions.dropFirst().compactMap(\.value)
    let found = tensor.dimensions.dropFirst()
    guard shape.rank > 1, wanted.count == shape.rank - 1, wanted != Array(found),
      let count = Tensor.count(wanted), count > 0, count == Tensor.count(Array(found))
    else { return nil }
    let lengths = wanted.map { "\($0)" }.joined(separator: ", ")
    return
      "each sample has as many elements as the graph takes: array.reshape(-1, \(lengths)), if they lie in that order"
  }

  /// How to turn samples whose channels are elsewhere.
  private static func turning(_ tensor: Tensor, _ shape: Shape) -> String? {
    guard shape.rank >= 3, shape.rank == tensor.dimensions.count else { return nil }
    let rank = shape.rank
    // Channels last where the graph wants them first, or the other way round.
    let toFirst = [0, rank - 1] + Array(1..<rank - 1)
    let toLast = [0] + Array(2..<rank) + [1]
    for (order, found, asked) in [
      (toFirst, "last", "first"), (toLast, "first", "last"),
    ] {
      var turned = tensor
      turned.dimensions = order.map { tensor.dimensions[$0] }
      if matches(turned, shape) {
        let axes = order.map { "\($0)" }.joined(separator: ", ")
        return
          "the samples seem to have channels \(found) where the graph wants them \(asked): array.transpose(\(axes))"
      }
    }
    return nil
  }
}
