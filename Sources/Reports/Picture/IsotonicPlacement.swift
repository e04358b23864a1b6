/// Places boxes in a row: each as near as can be to where it wants to be, none over another, in the
/// order given.
///
/// The least sum of squared distances under lower bounds on the gaps is an isotonic regression, which
/// pooling neighbours that violate the order solves in linear time.
package enum IsotonicPlacement {
  /// - Parameters:
  ///   - wanted: where the middle of each box wants to be.
  ///   - widths: how wide boxes are, their share of the gaps included.
  ///   - weights: how much each insists.
  /// - Returns: the middles.
  package static func place(_ wanted: [Double], widths: [Double], weights: [Double]) -> [Double] {
    var offsets: [Double] = []
    var sum = 0.0
    for (index, width) in widths.enumerated() {
      if index > 0 { sum += (widths[index - 1] + width) / 2 }
      offsets.append(sum)
    }
    var pools: [(value: Double, weight: Double, count: Int)] = []
    for index in wanted.indices {
      pools.append((wanted[index] - offsets[index], weights[index], 1))
      while pools.count > 1, pools[pools.count - 2].value > pools[pools.count - 1].value {
        let last = pools.removeLast(), before = pools.removeLast()
        let weight = last.weight + before.weight
        pools.append(
          (
            (last.value * last.weight + before.value * before.weight) / weight, weight,
            last.count + before.count
          ))
      }
    }
    var places: [Double] = []
    for pool in pools {
      for _ in 0..<pool.count { places.append(pool.value + offsets[places.count]) }
    }
    return places
  }
}
