package import IR

extension LinearForm {
  /// Which axes of the weight make channels of the output and are summed over.
  package var roles: [ChannelRule.Relation] {
    var relations: [ChannelRule.Relation] = []
    if let weightOutput { relations.append(.produces(Axis(.input(weight), weightOutput))) }
    if let weightInput { relations.append(.consumes(Axis(.input(weight), weightInput))) }
    return relations
  }

  /// How the channels of a convolution's weight, activation and output go together, whether in groups
  /// or not; nil where the weight's lengths are not known or do not fit the groups.
  ///
  /// - Parameters:
  ///   - shape: the weight's.
  package func channelRelations(_ shape: Shape) -> [ChannelRule.Relation]? {
    guard let weightOutput, let weightInput, let outputAxis,
      shape.rank > max(weightOutput, weightInput)
    else { return nil }
    let weights = Port.input(weight)
    let x = Axis(.input(activation), activationAxis), y = Axis(.output(0), outputAxis)
    let outputs = Axis(weights, weightOutput), inputs = Axis(weights, weightInput)
    // Along one axis lie the channels of all groups, along the other those of a single one.
    let isTransposed = kind == .transposedConvolution
    let (whole, far) = isTransposed ? (inputs, x) : (outputs, y)
    let (part, other) = isTransposed ? (outputs, y) : (inputs, x)
    var relations: [ChannelRule.Relation] = [.same(whole, far)]
    if groups == 1 { return relations + [.same(part, other)] + roles }
    guard let columns = shape[part.axis].value else { return nil }
    let isDepthwise = isTransposed ? shape[whole.axis].value == groups : columns == 1
    guard isDepthwise else {
      relations += [
        .blocks(x, count: groups), .blocks(y, count: groups),
        .groupedColumns(part, rows: whole, of: other, groups: groups),
      ]
      // A column of a transposed convolution makes one channel in each group, so no slice of it is a
      // channel's own.
      return relations + (isTransposed ? [.consumes(inputs)] : roles)
    }
    // What sees one channel only makes its channels out of it.
    relations.append(.produces(whole))
    guard !isTransposed else {
      return relations + [
        .spread(x, y, factor: columns),
        .freeze(part, reason: "channel multiplier of a depthwise convolution"),
      ]
    }
    guard let rows = shape[whole.axis].value, rows % groups == 0 else { return nil }
    return relations + [.spread(x, y, factor: rows / groups)]
  }
}
