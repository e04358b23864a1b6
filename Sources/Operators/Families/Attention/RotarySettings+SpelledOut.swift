import IR

extension RotarySettings {
  /// Rotation spelled out in products and sums.
  var gradient: (_ cosines: Int, _ sines: Int, _ positions: Int) -> Gradient {
    { cosines, sines, positions in
      .spelledOut { [self] call throws(ModelError) in
        [try spelledOut(call, cosines: cosines, sines: sines, positions: positions)]
      }
    }
  }

  private func spelledOut(
    _ call: GradientCall, cosines: Int, sines: Int, positions: Int
  ) throws(ModelError) -> Term {
    let x = try call.input(0), shape = try call.shape(0)
    guard let half = try call.shape(cosines).dimensions.last?.value else {
      throw call.unknown("how many elements turn")
    }
    var count = shape.rank == 4 ? 0 : heads
    if shape.rank == 3, count == 0 {
      guard let length = shape[2].value, half > 0 else { throw call.unknown("the number of heads") }
      count = length / (2 * half)
    }
    let width =
      shape.rank == 4 ? shape[3].value : shape[2].value.map { $0 / max(1, count) }
    guard let width else { throw call.unknown("the width of a head") }
    let rows = shape.rank == 4 ? x : x.headsApart(count)
    var tables = [try call.input(cosines), try call.input(sines)]
    if let places = call.optional(positions) {
      var places = places
      let isOffset = try call.shape(positions).rank < 2
      if isOffset { places = (rows.extent(2).places + places).unsqueezed([0]) }
      tables = tables.map { $0.gathered(places) }
    }
    let turned = rows.turned(
      cosines: tables[0].unsqueezed([1]), sines: tables[1].unsqueezed([1]), half: half,
      width: width, isInterleaved: isInterleaved)
    return shape.rank == 4 ? turned : turned.headsBeside
  }
}

extension Term {
  /// Pairs of elements of `[batch, heads, positions, width]` turned by angles.
  ///
  /// - Parameter half: how many pairs turn.
  func turned(
    cosines: Term, sines: Term, half: Int, width: Int, isInterleaved: Bool
  ) -> Term {
    let rest = width - 2 * half
    let pieces = rest > 0 ? parts([2 * half, rest], axis: 3) : [self]
    let pairs =
      isInterleaved
      ? pieces[0].reshaped([0, 0, 0, half, 2]).parts([1, 1], axis: 4).map { $0.squeezed([4]) }
      : pieces[0].parts([half, half], axis: 3)
    let type = pairs[0].type
    let first = (cosines * pairs[0] - sines * pairs[1]).typed(as: type)
    let second = (sines * pairs[0] + cosines * pairs[1]).typed(as: type)
    let joined =
      isInterleaved
      ? first.unsqueezed([4]).followed(by: second.unsqueezed([4]), axis: 4)
        .reshaped([0, 0, 0, 2 * half])
      : first.followed(by: second, axis: 3)
    return rest > 0 ? joined.followed(by: pieces[1], axis: 3) : joined
  }
}
