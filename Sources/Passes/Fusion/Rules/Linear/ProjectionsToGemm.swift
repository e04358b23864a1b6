internal import IR
internal import Operators
internal import Rewriting

/// `reshape(x·W + b, t)`, several times for one `x` of more than two axes, as attention makes its
/// queries, keys and values: with `m = reshape(x, [-1, K])` once, each is `reshape(gemm(m, W, b), t)`.
///
/// Guards: all lengths are known, so that the targets are constants; nobody else sees what lies
/// between. For a single reader there would be nothing to gain.
struct ProjectionsToGemm: FusionRule {
  static let name = "projections-to-gemm"
  static let summary =
    "MatMul and Add of one tensor by several weights become Gemms that share a Reshape"
  static let roots = Rewriter.reshapers

  /// A product of the shared tensor, and what follows.
  private struct Projection {
    let product: NodeID
    let sum: NodeID
    let reshape: NodeID
    let weight: ValueID
    let bias: ValueID
    let width: Int
  }

  func apply(at id: NodeID, in net: inout Rewriter) throws(ModelError) -> FusionOutcome {
    guard let middle = net.input(id, 0), let sum = net.producer(of: middle, "Add"),
      let product = net.producer(of: net.input(sum, 0), "MatMul")
        ?? net.producer(of: net.input(sum, 1), "MatMul"),
      let x = net.input(product, 0), net.isFloat(x), let shape = net.shape(x)?.known,
      shape.count > 2, let depth = shape.last, depth > 0, !shape.contains(0)
    else { return .noMatch }
    var projections: [Projection] = []
    for use in net.graph[x].uses {
      guard case .input(let reader, 0) = use, let found = projection(reader, depth, &net) else {
        continue
      }
      projections.append(found)
    }
    guard projections.count > 1, projections.contains(where: { $0.reshape == id }) else {
      return .noMatch
    }
    projections.sort { $0.product < $1.product }
    let rows = shape.dropLast().reduce(1, *)
    var patch = net.patch(before: projections[0].product)
    let stem = net.graph[x].name
    let target = patch.constant(Tensor(int64: [rows, depth], [2]), stem: "\(stem)_rows_shape")
    let matrix = patch.add("Reshape", [net.term(x), target], stem: "\(stem)_rows")
    for projection in projections {
      let sum = net.output(projection.sum)!
      _ = patch.add(
        "Gemm", [matrix, net.term(projection.weight), net.term(projection.bias)],
        stem: "\(net.graph[sum].name)_rows",
        expecting: TensorType(
          net.elementType(x), Shape([.known(rows), .known(projection.width)])),
        before: projection.reshape)
    }
    let labels = projections.map { net.graph.label($0.product) }
    guard let results = net.place(patch) else {
      return .declined(patch.refusal ?? "the products do not go together")
    }
    for (projection, matrices) in zip(projections, results.dropFirst()) {
      let gemm = net.graph[matrices].producer!
      net.inherit(gemm, from: projection.sum)
      let absorbed = net.graph.label(projection.product)
      let lengths = net.shape(net.output(projection.reshape))!.known!
      if net.becomeReshape(projection.reshape, matrices, lengths) != nil { continue }
      net.remove(projection.sum)
      net.remove(projection.product)
      net.record(Self.name, of: [absorbed], into: gemm)
    }
    return .applied("\(labels.joined(separator: ", ")) became Gemms of the same rows")
  }

  /// The projection that begins with a product; nil where it is none.
  private func projection(
    _ product: NodeID, _ depth: Int, _ net: inout Rewriter
  ) -> Projection? {
    guard net.kind(product) == "MatMul", let weight = net.input(product, 1),
      let matrix = net.constant(weight), matrix.dimensions.count == 2,
      matrix.dimensions[0] == depth, let partial = net.output(product),
      net.obstacle(over: partial) == nil, let sum = net.graph.onlyConsumer(of: partial),
      net.kind(sum) == "Add", net.graph[sum].inputs.count == 2,
      let bias = net.graph[sum].inputs.compactMap({ $0 }).first(where: { $0 != partial }),
      net.constant(bias)?.dimensions == [matrix.dimensions[1]], let middle = net.output(sum),
      net.obstacle(over: middle) == nil, let reshape = net.graph.onlyConsumer(of: middle),
      let kind = net.kind(reshape), Rewriter.reshapers.contains(kind),
      net.input(reshape, 0) == middle, let result = net.output(reshape),
      let lengths = net.shape(result)?.known, !lengths.contains(0)
    else { return nil }
    return Projection(
      product: product, sum: sum, reshape: reshape, weight: weight, bias: bias,
      width: matrix.dimensions[1])
  }
}
