internal import IR

extension TargetSearch {
  /// Kinds of numbers, those first with which less is lost within the limits as far as that can be
  /// foretold: what 4 bits spare need not be cut, but they are less exact, and in a network of few
  /// weights the conversions and their names take more bytes than integers spare.
  ///
  /// Models are made without tuning at the level that each needs. Tuning makes up for most of what
  /// cutting adds to the noise (`LossForecast`); what it does for integers shows where nothing is cut.
  mutating func leastLossFirst(_ kinds: [Numbers]) throws(ModelError) -> [Numbers] {
    var noises: [(kind: Numbers, noise: Double)] = []
    var drafted: (level: Int, cut: Double)?
    // Activations do not count as bytes, and floats of 32 bits have to be cut twice as far as those of 16.
    let runsHalf = try maker.runsHalf
    let unlikely: [Numbers] = [.int16, runsHalf && kinds.contains(.float16) ? .float : .float16]
    for kind in kinds where !unlikely.contains(kind) {
      guard let level = try lowestThatFits(kind) else { continue }
      // What fits uncut with more bits needs no fewer.
      if level == 0, noises.isEmpty { return kinds }
      // What has to be cut so much further that this alone loses more is not made.
      if !kind.areIntegers, let drafted, let best = noises.map(\.noise).min(),
        try cutNoise(level, like: drafted) * gain > best
      {
        continue
      }
      guard let whole = try wholeNoise(kind) else { return kinds }
      var noise = whole
      if level > 0,
        let found = try candidate(.init(level: level, kind, isDraft: true)).loss?.noise
      {
        let cut = max(0, found - (try untuned(kind)?.loss?.noise ?? whole))
        if drafted == nil { drafted = (level, cut) }
        noise += gain * cut
      }
      noises.append((kind, noise))
    }
    guard let best = noises.min(by: { $0.noise < $1.noise })?.kind else { return kinds }
    return [best] + kinds.filter { $0 != best }
  }

  /// What is left of the noise that cutting adds.
  private var gain: Double { maker.tunes ? LossForecast.usualGain : 1 }

  /// The noise that cutting adds at a level, from what it added at another and how the table's errors grow.
  private mutating func cutNoise(
    _ level: Int, like known: (level: Int, cut: Double)
  ) throws(ModelError) -> Double {
    guard level > known.level else { return 0 }
    let search = try widthSearch(.float)
    func error(_ level: Int) -> Double {
      search.solution(.full, budget: Self.kept(level))?.error ?? 0
    }
    let before = error(known.level)
    return before > 0 ? known.cut * error(level) / before : 0
  }

  /// The noise of what nothing is cut of. Where some layers keep 8 bits, what learning does for the
  /// others is taken from what it does where all have 4, so that one model less is tuned.
  private mutating func wholeNoise(_ kind: Numbers) throws(ModelError) -> Double? {
    guard kind == .mixed, let mixed = try untuned(.mixed)?.loss?.noise,
      let few = try untuned(.int4)?.loss?.noise, few > 0,
      let learnt = try candidate(.init(level: 0, .int4)).loss?.noise
    else { return try candidate(.init(level: 0, kind)).loss?.noise }
    return mixed * min(1, learnt / few)
  }

  /// What nothing is cut of, with weights that did not learn, where others would; nil where none do.
  mutating func untuned(_ kind: Numbers) throws(ModelError) -> Candidate? {
    guard maker.tunesUncut(kind) else { return nil }
    return try candidate(.init(level: 0, kind, isDraft: true))
  }
}
