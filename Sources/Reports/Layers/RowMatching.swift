internal import IR

/// Two arrays of numbers, of which the second's indices along some axes are to be found in the first.
struct RowMatching {
  let x: [Float]
  let y: [Float]
  let shapeX: [Int]
  let shapeY: [Int]

  /// The least signal over error, in dB, at which rows are taken to correspond.
  private static let leastSignal = 1.0
  /// Rows of fewer elements have to be equal: some of the first always lie near.
  private static let leastWidth = 8
  /// Elements of a row that are looked up to find where it comes from.
  private static let lookedUp = 64
  /// Constants of more elements are not looked up.
  private static let most = 1 << 24
  /// Directions that rows are projected on to find those that may be alike.
  private static let directions = 8

  init?(_ x: Tensor, _ y: Tensor) {
    guard x.dimensions.count == y.dimensions.count, !x.isAbsent, !y.isAbsent, !x.dimensions.isEmpty,
      let p = x.floats, let q = y.floats
    else { return nil }
    (self.x, self.y, shapeX, shapeY) = (p, q, x.dimensions, y.dimensions)
  }

  /// Where the elements of each row along `axis` lie, other axes mapped: offsets of one row's elements
  /// relative to its start, and the distance of neighbouring rows.
  private func places(
    _ shape: [Int], axis: Int, _ maps: [ChannelMap?]?
  ) -> (columns: [Int], step: Int) {
    var strides = [Int](repeating: 1, count: shape.count)
    for other in shape.indices.dropLast().reversed() {
      strides[other] = strides[other + 1] * shape[other + 1]
    }
    var columns = [0]
    for other in shape.indices where other != axis {
      let indices = maps?[other]?.places ?? Array(0..<shape[other])
      let step = strides[other]
      columns = columns.flatMap { start in indices.map { start + $0 * step } }
    }
    return (columns, strides[axis])
  }

  /// Finds the rows of the second along an axis among those of the first, the other axes known.
  ///
  /// - Parameter recorded: what the file says, which holds unless rows are equal to others or much nearer
  ///   to them.
  /// - Returns: nil where rows of the second resemble none of the first.
  func rows(
    axis: Int, knowing maps: [ChannelMap?], recorded: ChannelMap? = nil
  ) -> ChannelMap? {
    let (columnsX, stepX) = places(shapeX, axis: axis, maps)
    let (columnsY, stepY) = places(shapeY, axis: axis, nil)
    guard columnsX.count == columnsY.count, !columnsX.isEmpty else { return nil }
    let rows = RowSets(
      x: x, y: y, columnsX: columnsX, columnsY: columnsY, stepX: stepX, stepY: stepY,
      countX: shapeX[axis], countY: shapeY[axis])
    if let exact = rows.exact() { return exact }
    let same = recorded ?? (shapeX[axis] == shapeY[axis] ? .identity(shapeX[axis]) : nil)
    let signal = same.map { rows.signal($0) }
    if let same, let signal, signal > 10 { return same }
    guard columnsX.count >= Self.leastWidth else { return same }
    guard let near = rows.nearest(directions: Self.directions) else { return same }
    let found = rows.signal(near)
    if let same, let signal, found < signal + 3 { return same }
    return found >= Self.leastSignal ? near : same
  }

  /// Finds where indices along two axes come from by single elements, which are equal where nothing but
  /// indices was removed.
  ///
  /// - Returns: nil unless every element of the second is one of the first then.
  func both(_ p: Int, _ q: Int, knowing maps: [ChannelMap?]) -> [ChannelMap?]? {
    guard x.count <= Self.most, !y.isEmpty else { return nil }
    let spans = [p, q].map { AxisSpan(shapeX, axis: $0) }
    var places: [UInt32: Int] = [:]
    for (place, value) in x.enumerated() where value != 0 {
      // A number that stands in several places tells nothing.
      places[value.bitPattern] = places[value.bitPattern] == nil ? place : -1
    }
    var found = maps
    for (axis, span) in zip([p, q], spans) {
      let own = AxisSpan(shapeY, axis: axis)
      var indices: [Int] = []
      for index in 0..<own.length {
        var votes: [Int: Int] = [:]
        var looked = 0
        for block in 0..<own.outer where looked < Self.lookedUp {
          for step in 0..<own.inner where looked < Self.lookedUp {
            looked += 1
            let value = y[own.start(block: block, index: index) + step]
            guard let place = places[value.bitPattern], place >= 0 else { continue }
            votes[span.index(of: place), default: 0] += 1
          }
        }
        guard let best = votes.max(by: { ($0.value, $1.key) < ($1.value, $0.key) }) else {
          return nil
        }
        indices.append(best.key)
      }
      guard Set(indices).count == indices.count else { return nil }
      found[axis] = ChannelMap(indices, of: span.length)
    }
    let whole = found.compactMap { $0 }
    return whole.count == found.count && difference(whole).changed == 0 ? found : nil
  }

  /// How far the elements that correspond lie apart.
  func difference(_ maps: [ChannelMap]) -> TensorDifference {
    let (columns, _) = places(shapeX, axis: 0, maps)
    let width = shapeY.dropFirst().reduce(1, *)
    let stepX = shapeX.dropFirst().reduce(1, *)
    var sums = TensorDifference(count: y.count)
    x.withUnsafeBufferPointer { x in
      y.withUnsafeBufferPointer { y in
        for (row, place) in maps[0].places.enumerated() {
          for column in 0..<width {
            sums.take(x[place * stepX + columns[column]], y[row * width + column])
          }
        }
      }
    }
    return sums
  }
}

/// Rows of two arrays.
private struct RowSets {
  let x: [Float], y: [Float]
  let columnsX: [Int], columnsY: [Int]
  let stepX: Int, stepY: Int
  let countX: Int, countY: Int

  private func hash(
    _ data: UnsafeBufferPointer<Float>, _ start: Int, _ columns: some Sequence<Int>
  ) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for column in columns {
      // Zeros of either sign are one number.
      let value = data[start + column]
      hash = (hash ^ UInt64(value == 0 ? 0 : value.bitPattern)) &* 0x9e37_79b9_7f4a_7c15
      hash ^= hash >> 29
    }
    return hash
  }

  /// Each row of the second as an equal one of the first; nil where one has none. Among equal rows the
  /// one in the same place, else the first that is free.
  func exact() -> ChannelMap? {
    guard beginsAlike else { return nil }
    var table: [UInt64: [Int]] = [:]
    x.withUnsafeBufferPointer { data in
      for row in 0..<countX { table[hash(data, row * stepX, columnsX), default: []].append(row) }
    }
    var places: [Int] = []
    var isTaken = [Bool](repeating: false, count: countX)
    let hashes = y.withUnsafeBufferPointer { data in
      (0..<countY).map { hash(data, $0 * stepY, columnsY) }
    }
    for (row, hash) in hashes.enumerated() {
      guard let rows = table[hash] else { return nil }
      let free = rows.filter { !isTaken[$0] }
      guard let place = free.first(where: { $0 == row }) ?? free.first else { return nil }
      isTaken[place] = true
      places.append(place)
    }
    return ChannelMap(places, of: countX)
  }

  /// Elements of a row that are enough to tell it from most others.
  private static let beginning = 64

  /// Whether each row of the second begins as one of the first does: where all weights have changed,
  /// most of both need not be read to see that no row is equal.
  private var beginsAlike: Bool {
    guard columnsX.count > 2 * Self.beginning else { return true }
    let beginnings = x.withUnsafeBufferPointer { data in
      Set((0..<countX).map { hash(data, $0 * stepX, columnsX.prefix(Self.beginning)) })
    }
    return y.withUnsafeBufferPointer { data in
      (0..<countY).allSatisfy {
        beginnings.contains(hash(data, $0 * stepY, columnsY.prefix(Self.beginning)))
      }
    }
  }

  /// How much farther than the nearest row all others have to lie.
  private static let margin: Float = 1.2

  /// Each row of the second as the one of the first that lies nearest; nil where two have the same, or
  /// another lies as near.
  func nearest(directions: Int) -> ChannelMap? {
    var random: UInt64 = 0x2545_f491_4f6c_dd1d
    var signs: [Float] = []
    for _ in 0..<columnsX.count * directions {
      random ^= random << 13
      random ^= random >> 7
      random ^= random << 17
      signs.append(random & 1 == 0 ? 1 : -1)
    }
    func projected(_ data: [Float], _ columns: [Int], _ step: Int, _ count: Int) -> [Float] {
      var out = [Float](repeating: 0, count: count * directions)
      data.withUnsafeBufferPointer { data in
        for row in 0..<count {
          for (index, column) in columns.enumerated() {
            let value = data[row * step + column]
            for direction in 0..<directions {
              out[row * directions + direction] += value * signs[index * directions + direction]
            }
          }
        }
      }
      return out
    }
    let p = projected(x, columnsX, stepX, countX), q = projected(y, columnsY, stepY, countY)
    var places: [Int] = []
    var isTaken = [Bool](repeating: false, count: countX)
    for row in 0..<countY {
      var best: [(distance: Float, place: Int)] = []
      for place in 0..<countX where !isTaken[place] {
        var distance: Float = 0
        for direction in 0..<directions {
          let gap = p[place * directions + direction] - q[row * directions + direction]
          distance += gap * gap
        }
        guard best.count < 4 || distance < best[best.count - 1].distance else { continue }
        best.insert(
          (distance, place), at: best.firstIndex { distance < $0.distance } ?? best.count)
        if best.count > 4 { best.removeLast() }
      }
      let measured = best.map { (distance: distance(row, $0.place), place: $0.place) }.sorted {
        ($0.distance, $0.place) < ($1.distance, $1.place)
      }
      // The nearest row has to lie nearer than none at all.
      guard let found = measured.first, found.distance <= power(row) else { return nil }
      // A row that might as well be another one is not known.
      if measured.count > 1, measured[1].distance < Self.margin * found.distance { return nil }
      isTaken[found.place] = true
      places.append(found.place)
    }
    return ChannelMap(places, of: countX)
  }

  /// The power of a row of the second.
  private func power(_ row: Int) -> Float {
    columnsY.reduce(0) { sum, column in
      let value = y[row * stepY + column]
      return sum + value * value
    }
  }

  private func distance(_ row: Int, _ place: Int) -> Float {
    var sum: Float = 0
    for (m, n) in zip(columnsX, columnsY) {
      let gap = x[place * stepX + m] - y[row * stepY + n]
      sum += gap * gap
    }
    return sum
  }

  /// Signal over error of the rows that correspond, in dB.
  func signal(_ map: ChannelMap) -> Double {
    var power = 0.0, error = 0.0
    for (row, place) in map.places.enumerated() {
      for (m, n) in zip(columnsX, columnsY) {
        let p = x[place * stepX + m]
        let gap = p - y[row * stepY + n]
        power += Double(p * p)
        error += Double(gap * gap)
      }
    }
    return TensorDifference.decibels(power, error)
  }
}
