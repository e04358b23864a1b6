/// A graph to be drawn: boxes with a few words and arrows between them.
package struct Picture {
  /// One box.
  package struct Item {
    /// The operator, or another word in the first line.
    package var title: String
    /// The name, whose parts between slashes are its scopes.
    package var name: String
    /// What the box says below the title.
    package var subtitle = ""
    /// What became of it.
    package var state = State.plain
    /// What a click shows: names and values.
    package var details: [(name: String, value: String)] = []
    /// Numbers of elements in equal ranges of a weight, a list for each model.
    package var histograms: [Histogram] = []

    package init(title: String, name: String) {
      self.title = title
      self.name = name
    }
  }

  /// What became of a node.
  package enum State: String, Comparable {
    /// Nothing is said of it.
    case plain
    /// The same in both models.
    case same
    /// In both, and different.
    case changed
    /// In the first alone.
    case removed
    /// In the second alone.
    case inserted
    /// Several nodes.
    case block

    private var rank: Int {
      [.plain, .same, .block, .inserted, .removed, .changed].firstIndex(of: self) ?? 0
    }

    /// The more a reader wants to see, the greater.
    package static func < (a: State, b: State) -> Bool { a.rank < b.rank }
  }

  /// The boxes, in an order in which arrows go forward.
  package var nodes: [Item] = []
  /// Arrows, by numbers of boxes, with the words at each.
  package var edges: [(from: Int, to: Int, text: String)] = []

  package init() {}
}

/// How the elements of a weight are distributed.
package struct Histogram {
  /// Whose weight: `a`, `b` or a name.
  package var title: String
  /// The ends of the range.
  package var range: ClosedRange<Double>
  /// Elements in each of equal parts of the range.
  package var counts: [Int]

  /// The number of parts.
  package static let parts = 40

  /// Counts; nil without finite numbers.
  ///
  /// - Parameter range: the range, nil for that of the numbers.
  package init?(_ title: String, _ values: [Float], range: ClosedRange<Double>? = nil) {
    var low = Float.infinity, high = -Float.infinity
    for value in values where value.isFinite {
      low = min(low, value)
      high = max(high, value)
    }
    guard low <= high else { return nil }
    let found = range ?? Double(low)...Double(high)
    let width = found.upperBound - found.lowerBound
    var counts = [Int](repeating: 0, count: Self.parts)
    for value in values where value.isFinite {
      let share = width > 0 ? (Double(value) - found.lowerBound) / width : 0
      counts[max(0, min(Self.parts - 1, Int(share * Double(Self.parts))))] += 1
    }
    self.title = title
    self.range = found
    self.counts = counts
  }
}
