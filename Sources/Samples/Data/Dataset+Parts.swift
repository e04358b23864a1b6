extension Dataset {
  /// The fewest samples of which some are held out.
  static let fewestToSplit = 64
  /// One group of samples in so many is held out.
  private static let heldOutOf = 4

  /// The samples to fit to, and those to prove the result with.
  ///
  /// Of 64 samples or more every fourth is held out of the fit. Fewer serve for both, which the part
  /// to prove with says of itself. The same data gives the same parts.
  public var parts: (fit: Dataset, proof: Dataset) {
    let groups = count / (batch ?? 1)
    guard part == .all || part == .random, count >= Self.fewestToSplit, groups >= Self.heldOutOf
    else {
      var own = self
      if part == .all { own.part = .fitted }
      return (own, own)
    }
    return divided(as: part == .random ? (.random, .random) : (.fitted, .heldOut))
  }

  /// Samples to fit to, divided once more: those to fit candidates to and those to choose among them with,
  /// so that what is to prove the result says nothing of the choice. Fewer than 64 serve for both.
  package var choosing: (fit: Dataset, judge: Dataset) {
    guard count >= Self.fewestToSplit, count / (batch ?? 1) >= Self.heldOutOf else {
      return (self, self)
    }
    return divided(as: (part, part))
  }

  private func divided(as parts: (Part, Part)) -> (Dataset, Dataset) {
    let all = 0..<count / (batch ?? 1), last = Self.heldOutOf - 1
    return (
      Dataset(self, groups: all.filter { $0 % Self.heldOutOf != last }, as: parts.0),
      Dataset(self, groups: all.filter { $0 % Self.heldOutOf == last }, as: parts.1)
    )
  }
}

extension Dataset.Part {
  /// So many samples of the part, in words: `64 held-out samples`.
  public func describe(_ count: Int) -> String {
    let noun = count == 1 ? "sample" : "samples"
    return switch self {
    case .all: "\(count) \(noun)"
    case .fitted: "\(count) \(noun) that it was fitted to"
    case .heldOut: "\(count) held-out \(noun)"
    case .random: "\(count) random \(noun)"
    }
  }
}
