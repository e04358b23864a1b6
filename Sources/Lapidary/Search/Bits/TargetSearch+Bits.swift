internal import IR
internal import Passes

extension TargetSearch {
  /// The kinds of numbers with that in which some layers keep 8 bits, where bytes are bounded and it is
  /// neither all layers nor none.
  ///
  /// A layer keeps them where 4 bits lose more for each byte that they spare than cutting does at the
  /// level which 4 bits need. Where they need no cut, as many keep them as fit, the dearest first.
  mutating func withMixedBits(_ kinds: [Numbers]) throws(ModelError) -> [Numbers] {
    guard goals.bytes != nil, let place = kinds.firstIndex(of: .int4) else { return kinds }
    if plan.fullWeights == nil {
      let layers = try dearLayers()
      try decide { $0.fullWeights = layers }
    }
    let count = plan.fullWeights?.count ?? 0
    guard count > 0, count < plan.bits?.count ?? 0 else { return kinds }
    var kinds = kinds
    kinds.insert(.mixed, at: place + 1)
    return kinds
  }

  /// A place with the layers that keep 8 bits there.
  func settled(_ place: Candidate.Place) -> Candidate.Place {
    var place = place
    place.full = place.numbers == .mixed ? plan.fullWeights?.count : nil
    return place
  }

  /// The layers that had better keep 8 bits.
  private mutating func dearLayers() throws(ModelError) -> [String] {
    guard let level = try lowestThatFits(.int4), try lowestThatFits(.int8) != 0 else { return [] }
    let layers = try layerBits().sorted { ($1.price, $0.output) < ($0.price, $1.output) }
    guard level > 0 else { return try fitting(layers.map(\.output)) }
    guard let price = try price(at: level) else { return [] }
    // A layer that is cut like all others spares so much less by 4 bits.
    return layers.filter { $0.price > price * Self.kept(level) }.map(\.output)
  }

  /// What 4 bits cost in each layer, measured when it is first asked for.
  private mutating func layerBits() throws(ModelError) -> [LayerBits] {
    if let known = plan.bits { return known }
    let progress = progress
    let found = try LayerBits.measure(maker) { progress.show("measuring bits", $0) }
    self.progress.finish()
    try decide { $0.bits = found }
    return found
  }

  /// As many layers from the front as can keep 8 bits uncut.
  private func fitting(_ layers: [String]) throws(ModelError) -> [String] {
    var maker = maker
    var (fit, exceed) = (0, layers.count)
    while exceed - fit > 1 {
      let middle = (fit + exceed) / 2
      maker.fullWeights = Array(layers.prefix(middle))
      let costs = try maker.outline(.init(level: 0, .mixed), nil, stores: true)
      if fits(costs) { fit = middle } else { exceed = middle }
    }
    return Array(layers.prefix(fit))
  }

  /// The error that cutting costs for each byte of weights of 4 bits around a level; nil where nothing
  /// more can be cut.
  private mutating func price(at level: Int) throws(ModelError) -> Double? {
    let search = try widthSearch(.int4)
    let budget = Self.kept(level)
    guard let here = search.solution(.full, budget: budget),
      let further = search.solution(.full, budget: budget * Self.further), here.cost > further.cost
    else { return nil }
    let bytes = (here.cost - further.cost) * Double(wholeBytes) / 8
    return max(0, further.error - here.error) / bytes
  }

  /// How much less budget says what the next byte costs.
  private static let further = 0.95

  /// Bytes of the weights in floats of 32 bits.
  var wholeBytes: Int { widthCosts.whole.bytes }

  /// The table with costs as they are with such numbers.
  mutating func widthSearch(_ numbers: Numbers) throws(ModelError) -> WidthSearch {
    WidthSearch(try groups(), cost: cost(numbers))
  }

  /// Notes a decision and keeps it.
  mutating func decide(_ change: (inout CompressionPlan) -> Void) throws(ModelError) {
    change(&plan)
    maker.fullWeights = plan.fullWeights ?? []
    try keep(plan)
  }
}
