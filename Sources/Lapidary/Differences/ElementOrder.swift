internal import IR

/// In which order a tensor has the elements of another, as reshapes and transpositions leave them:
/// for each axis the runs of indices that it goes through, the outermost first.
package struct ElementOrder: Hashable {
  /// A number of steps through the source.
  package struct Run: Hashable {
    package var length: Int
    /// How many elements of the source one step passes.
    package var stride: Int
  }

  package private(set) var axes: [[Run]]

  /// A tensor as it is.
  package init(_ lengths: [Int]) {
    axes = []
    var stride = 1
    for length in lengths.reversed() {
      axes.append(length == 1 ? [] : [Run(length: length, stride: stride)])
      stride *= length
    }
    axes.reverse()
  }

  /// All runs in order, neighbours that go on through each other as one.
  package var runs: [Run] {
    axes.joined().reduce(into: []) { found, run in
      if let last = found.last, last.stride == run.stride * run.length {
        found[found.count - 1] = Run(length: last.length * run.length, stride: run.stride)
      } else {
        found.append(run)
      }
    }
  }

  /// The axes in another order.
  package mutating func transpose(_ order: [Int]) { axes = order.map { axes[$0] } }

  /// The same elements with other axes.
  ///
  /// - Returns: false where a length goes over the end of a run, which then stays as it was.
  package mutating func reshape(_ lengths: [Int]) -> Bool {
    var rest = runs[...]
    var found: [[Run]] = []
    for length in lengths {
      var left = length
      var axis: [Run] = []
      while left > 1 {
        guard let run = rest.first else { return false }
        if left % run.length == 0 {
          axis.append(run)
          left /= run.length
          rest.removeFirst()
        } else if run.length % left == 0 {
          let inner = run.length / left
          axis.append(Run(length: left, stride: run.stride * inner))
          rest[rest.startIndex].length = inner
          left = 1
        } else {
          return false
        }
      }
      found.append(axis)
    }
    guard rest.isEmpty else { return false }
    axes = found
    return true
  }

  /// The transposition that this is of a tensor with the given lengths, axes of length 1 in their order;
  /// nil where axes were divided or joined.
  package func permutation(of lengths: [Int]) -> [Int]? {
    guard axes.count == lengths.count else { return nil }
    let source = Self(lengths).axes
    var units = source.indices.filter { source[$0].isEmpty }[...]
    var found: [Int] = []
    for axis in axes {
      if axis.isEmpty {
        guard let unit = units.popFirst() else { return nil }
        found.append(unit)
      } else {
        var whole = self
        whole.axes = [axis]
        guard let place = source.firstIndex(of: whole.runs) else { return nil }
        found.append(place)
      }
    }
    return found
  }
}
