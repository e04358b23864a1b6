package import IR
import Kernels

extension Microsoft {
  /// LayerNormalization of the sum of a token's, its position's and its segment's embedding.
  ///
  /// Inputs: tokens, segments, tables of tokens, positions and segments, scale, shift, mask and
  /// positions. Output 1 is the number of tokens that the mask leaves, output 2 the sum.
  package struct EmbedLayerNormalization: Operator {
    package static let schema = Schema(
      "EmbedLayerNormalization", domain: Microsoft.domain, opsets: 1...1,
      signature: """
        1: (T1, T1?, T, T, T?, T, T, T1?, T1?) -> (T, T1?, T?); <epsilon: float = 1e-12,
          mask_index_type: int>; T1: int32; T: float float16
        """)
    package static let traits = Traits(auxiliaryInputs: [7, 8])
    let epsilon: Float

    package init(_ node: NodeView, opset: Int) throws(ModelError) {
      epsilon = try node.float("epsilon", default: 1e-12)
      guard (node.inputs[safe: 1] ?? false) == (node.inputs[safe: 4] ?? false) else {
        throw ModelError(
          .invalid, "\(node.label): expected segments and their embeddings, found one of the two")
      }
      guard try node.int("mask_index_type", default: 1) <= 1 else {
        throw ModelError(
          .unsupported, "\(node.label), attribute 'mask_index_type': expected 0 or 1")
      }
    }

    package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
      try inputs.requireRank(0, 2...2)
      let type = inputs.elementType(2)
      guard let tokens = inputs.shape(0) else {
        return [Inferred(type, nil), Inferred(.int32, nil), Inferred(type, nil)]
      }
      let width = inputs.shape(2)?.dimensions.last ?? .unknown
      let sum = Inferred(type, Shape([tokens[0], tokens[1], width]))
      return [sum, Inferred(.int32, Shape([tokens[0]])), sum]
    }

    package func evaluate(_ context: inout Evaluation) throws(ModelError) {
      let tokens = try context.input(0).shape
      guard tokens.count == 2 else {
        throw context.mismatch(0, expected: "rank 2", found: "shape \(tokens)")
      }
      let width = try context.floatSource(2, rank: 2...2).shape[1]
      let shape = tokens + [width], type = try context.input(2).elementType
      let scratch = context.wants(2) ? nil : try Scratch(.float, shape, label: context.label)
      let sum: Target
      if let scratch { sum = scratch.target } else { sum = try context.output(2, type, shape) }
      let part = try Scratch(.float, shape, label: context.label)
      let positions =
        try context.integers(8) ?? (0..<tokens[0] * tokens[1]).map { $0 % tokens[1] }
      try look(context, table: 2, context.requiredIntegers(0), sum)
      try look(context, table: 3, positions, part.target)
      let read = Source(.float, shape, UnsafeRawBufferPointer(sum.bytes))
      _ = binary(.add, read, part.source, into: sum)
      if let segments = try context.integers(1) {
        try look(context, table: 4, segments, part.target)
        _ = binary(.add, read, part.source, into: sum)
      }
      let rows = RowNormalization(
        .variance, rows: tokens[0] * tokens[1], length: width, epsilon: Double(epsilon),
        scale: try context.parameters(5, shape: [width]),
        bias: try context.parameters(6, shape: [width]))
      let y = try context.output(0, type, shape)
      guard rows.run(read, into: y) else { throw context.unsupportedTypes([2]) }
      if context.wants(1) { try countTokens(context, tokens) }
      withExtendedLifetime((scratch, part)) {}
    }

    /// Copies rows of a table.
    private func look(
      _ context: Evaluation, table index: Int, _ rows: [Int], _ target: Target
    ) throws(ModelError) {
      let table = try context.floatSource(index, rank: 2...2)
      let width = target.shape[2], count = target.shape[0] * target.shape[1]
      guard table.shape[1] == width, rows.count == count,
        rows.allSatisfy({ (0..<table.shape[0]).contains($0) })
      else {
        throw context.mismatch(
          index, expected: "rows of \(width) for \(count) indices to \(rows.max() ?? 0)",
          found: "shape \(table.shape) for \(rows.count)")
      }
      guard let from = table.bytes.baseAddress, let to = target.bytes.baseAddress else { return }
      gatherRuns(rows.map { $0 * width }, run: width, width: 4, from: from, to: to)
    }

    private func countTokens(_ context: Evaluation, _ tokens: [Int]) throws(ModelError) {
      let flags = try context.integers(7)
      guard flags == nil || flags?.count == tokens[0] * tokens[1] else {
        throw context.mismatch(
          7, expected: "shape \(tokens)", found: "\(flags?.count ?? 0) elements")
      }
      let counts = (0..<tokens[0]).map { sample in
        Double(flags?[sample * tokens[1]..<(sample + 1) * tokens[1]].count { $0 == 1 } ?? 0)
      }
      try context.write(counts, output: 1, .int32, [tokens[0]])
    }

    package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
      guard let last = outputs.first?.shape.map({ $0.rank - 1 }), last == 2 else {
        return .barrier("shape of output 0 is not known")
      }
      let channel = Axis(.output(0), last)
      var relations: [ChannelRule.Relation] = [2, 3, 4].filter { inputs.has($0) }.map {
        .same(Axis(.input($0), 1), channel)
      }
      relations += [5, 6].map { .same(Axis(.input($0), 0), channel) }
      relations += [.scales(Axis(.input(5), 0)), .doesNotCommute(channel)]
      if outputs.count > 2 { relations.append(.same(Axis(.output(2), last), channel)) }
      return ChannelRule(relations)
    }
  }
}

extension Microsoft.EmbedLayerNormalization {
  package var gradient: Gradient {
    .spelledOut { [epsilon] call throws(ModelError) in
      let tokens = try call.input(0), type = call.types[0]
      var sum = try call.input(2).gathered(tokens)
      let positions = call.optional(8) ?? tokens.extent(1).places
      sum = sum + (try call.input(3).gathered(positions))
      if let segments = call.optional(1) { sum = sum + (try call.input(4).gathered(segments)) }
      sum = sum.typed(as: type)
      let (elements, _) = call.normalized(sum, [2], epsilon: Double(epsilon))
      return [try elements * call.input(5) + call.input(6), nil, sum]
    }
  }
}
