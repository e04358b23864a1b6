private import Glibc
internal import Gradients
internal import IR
internal import Operators

/// Makes integers of what a thawed model has learnt: the given model with other initializers.
struct FrozenModel: Sendable {
  private let given: Model
  private let survey: QuantizerSurvey
  private let latents: [ValueID]
  private let biases: [ValueID]
  /// The parameter of each scale that learns.
  private let parameters: [ValueID: ValueID]

  init(_ given: Model, _ thawed: ThawedModel) {
    self.given = given
    survey = thawed.survey
    latents = thawed.latents
    biases = thawed.biases
    var parameters: [ValueID: ValueID] = [:]
    for entry in thawed.classes {
      for scale in entry.scales { parameters[scale] = entry.parameter }
    }
    self.parameters = parameters
  }

  /// The model with the elements of parameters; those of floats are the given model's own weights.
  func model(_ elements: [ValueID: [Float]]) -> Model {
    var result = given
    var scales: [ValueID: [Float]] = [:]
    for (scale, parameter) in parameters {
      guard let numbers = given.graph.constant(scale)?.floats, let own = elements[parameter] else {
        continue
      }
      scales[scale] = zip(numbers, own).map { max($0 * exp($1), .leastNormalMagnitude) }
    }
    func scale(_ value: ValueID) -> [Float] {
      scales[value] ?? given.graph.constant(value)?.floats ?? []
    }
    let room = biasRoom(elements, scale)
    for (index, weight) in survey.weights.enumerated() {
      guard let latent = elements[latents[index]] else { continue }
      let own = scale(weight.scale)
      let rounded = round(weight, latent, own, least: room[index])
      set(weight.data, weight.tensor(rounded.integers, weight.shape), &result)
      if rounded.scales != own || scales[weight.scale] != nil {
        scales[weight.scale] = rounded.scales
      }
    }
    for (place, bias) in survey.biases.enumerated() {
      guard let numbers = elements[biases[place]] else { continue }
      let weight = survey.weights[bias.weight]
      let step = scale(bias.activation).first ?? 1
      let own = scale(weight.scale).map { $0 * step }
      let integers = numbers.enumerated().map { index, number -> Int32 in
        let divisor = own.count == 1 ? own[0] : own[min(index, own.count - 1)]
        let rounded = (Double(number) / Double(divisor)).rounded(.toNearestOrEven)
        return rounded.isNaN ? 0 : Int32(min(max(rounded, Double(Int32.min)), Double(Int32.max)))
      }
      let shape = given.graph[bias.data].initializer?.dimensions ?? [integers.count]
      set(bias.data, Tensor(.int32, shape, Storage(integers)), &result)
      let count = given.graph.constant(bias.scale)?.count ?? own.count
      scales[bias.scale] = own.count == count ? own : [Float](repeating: own[0], count: count)
    }
    for (value, numbers) in scales {
      set(value, Tensor(floats: numbers, given.graph[value].initializer?.dimensions ?? []), &result)
    }
    for (value, numbers) in elements where value.index < given.graph.valueCount {
      guard let old = given.graph[value].initializer, old.elementType == .float,
        scales[value] == nil
      else { continue }
      set(value, Tensor(floats: numbers, old.dimensions), &result)
    }
    return result
  }

  private func set(_ value: ValueID, _ tensor: Tensor, _ model: inout Model) {
    var tensor = tensor
    tensor.name = model.graph[value].initializer?.name
    model.graph.setInitializer(value, tensor)
  }

  /// For each weight the least scale of each channel with which bias and sums fit 32 bits.
  private func biasRoom(
    _ elements: [ValueID: [Float]], _ scale: (ValueID) -> [Float]
  ) -> [[Double]?] {
    var result = [[Double]?](repeating: nil, count: survey.weights.count)
    for (place, bias) in survey.biases.enumerated() {
      let weight = survey.weights[bias.weight]
      guard let numbers = elements[biases[place]], let latent = elements[latents[bias.weight]],
        let step = scale(bias.activation).first
      else { continue }
      let bounds = ActivationGrid(bias.type).bounds
      let span = max(bounds.upperBound - bounds.lowerBound, -bounds.lowerBound)
      let channels = weight.axis.map { weight.shape[$0] } ?? 1
      let own =
        weight.axis == nil || numbers.count == channels
        ? numbers : [Float](repeating: numbers[0], count: channels)
      let least = BiasRoom(weight.shape, axis: weight.axis).leastScales(
        units(weight, latent), own, activation: span, scale: Double(step))
      // A weight may serve several nodes.
      result[bias.weight] =
        result[bias.weight].map { zip($0, least).map { max($0, $1) } } ?? least
    }
    return result
  }

  /// What latent numbers stand for with the scales of the given model.
  private func units(_ weight: StoredIntegers, _ latent: [Float]) -> [Float] {
    let scales = given.graph.constant(weight.scale)?.floats ?? [1]
    let rows = weight.channels, reach = Float(weight.reach)
    return latent.indices.map { latent[$0] * reach * scales[rows.channel($0)] }
  }

  /// The integers of a weight, with scales enlarged where they would not be safe otherwise.
  private func round(
    _ weight: StoredIntegers, _ latent: [Float], _ scales: [Float], least: [Double]?
  ) -> (integers: [Int], scales: [Float]) {
    var scales = scales
    let canChange = survey.isAlone(weight.scale)
    if let least, canChange, least.count == scales.count {
      for place in scales.indices where Double(scales[place]) < least[place] {
        scales[place] = Float(least[place]).nextUp
      }
    }
    let rows = weight.channels
    let numbers = units(weight, latent)
    func integers(_ bounds: ClosedRange<Int>) -> [Int] {
      numbers.indices.map { index in
        let channel = rows.channel(index)
        let zero = Float(weight.zeroPoints[channel])
        let code = (numbers[index] / scales[channel]).rounded(.toNearestOrEven) + zero
        guard !code.isNaN else { return weight.zeroPoints[channel] }
        return Int(min(max(code, Float(bounds.lowerBound)), Float(bounds.upperBound)))
      }
    }
    let found = integers(weight.bounds)
    guard weight.contraction != nil else { return (found, scales) }
    var bytes = found.map { Int8(clamping: $0) }
    guard rows.exceeds(bytes, StoredIntegers.pairPeak) else { return (found, scales) }
    if canChange {
      rows.shrink(&bytes, &scales, numbers, .safePairs, StoredIntegers.pairPeak)
      if !rows.exceeds(bytes, StoredIntegers.pairPeak) { return (bytes.map { Int($0) }, scales) }
    }
    // Half of the most that a pair may have is safe whatever stands beside it.
    let half = StoredIntegers.pairPeak / 2
    return (integers(-half...half), scales)
  }
}
