internal import IR
internal import Operators
internal import Rewriting

/// `A·B + C` for matrices is one Gemm.
struct MatMulAdd: FusionRule {
  static let name = "matmul-add"
  static let summary = "MatMul of matrices, or a Gemm without bias, and Add become one Gemm"
  static let roots = ["Add"]

  func apply(at id: NodeID, in net: inout Rewriter) throws(ModelError) -> FusionOutcome {
    guard net.graph[id].inputs.count == 2, let result = net.output(id), net.isFloat(result) else {
      return .noMatch
    }
    for slot in 0...1 {
      guard let middle = net.input(id, slot), let addend = net.input(id, 1 - slot),
        let product = net.producer(of: middle, "MatMul", "Gemm"), middle != addend
      else { continue }
      let isGemm = net.graph[product].type == "Gemm"
      if isGemm, net.input(product, 2) != nil { continue }
      let label = net.graph.label(product)
      guard let a = net.input(product, 0), let b = net.input(product, 1), net.rank(a) == 2,
        net.rank(b) == 2, let shape = net.shape(middle), let added = net.shape(addend)
      else {
        if !isGemm, net.rank(net.input(product, 0)) != 2 { continue }
        return .declined("shapes of \(label) or of the addend are not known")
      }
      if let obstacle = net.obstacle(over: middle) { return .declined(obstacle) }
      guard added.rank <= 2,
        zip(added.dimensions.reversed(), shape.dimensions.reversed()).allSatisfy({
          $0 == .known(1) || ($0 == $1 && $0 != .unknown)
        })
      else { return .declined("the addend does not broadcast to the product's shape") }
      // beta, which had nothing to scale, would scale the addend.
      let attributes = isGemm ? net.graph[product].attributes.filter { $0.name != "beta" } : []
      if let refusal = net.become(id, "Gemm", inputs: [a, b, addend], attributes: attributes) {
        return .declined(refusal)
      }
      return .applied("took in \(label)", survivor: id, absorbed: [label])
    }
    return .noMatch
  }
}

/// Constant factors of a Gemm go into its constants, and Transposes of its matrices into transA and
/// transB.
struct SimplifyGemm: FusionRule {
  static let name = "simplify-gemm"
  static let summary =
    "Gemm's alpha and beta go into its constants, Transposes into transA and transB"
  static let roots = ["Gemm"]

  func apply(at id: NodeID, in net: inout Rewriter) throws(ModelError) -> FusionOutcome {
    for (slot, name) in [(0, "transA"), (1, "transB")] {
      guard let value = net.input(id, slot), let producer = net.producer(of: value, "Transpose"),
        let source = net.input(producer, 0), net.rank(source) == 2
      else { continue }
      if let obstacle = net.obstacle(over: value) { return .declined(obstacle) }
      let absorbed = net.graph.label(producer)
      net.setAttribute(id, name, .int(net.int(id, name, 0) == 0 ? 1 : 0))
      net.setInput(id, slot: slot, to: source)
      return .applied("took in \(absorbed)", survivor: id, absorbed: [absorbed])
    }
    for (slot, name) in [(1, "alpha"), (2, "beta")] {
      let factor = Double(net.float(id, name, 1))
      guard factor != 1, factor != 0, let value = net.input(id, slot), net.isFloat(value),
        let tensor = net.constant(value)
      else { continue }
      guard net.graph[value].uses.count == 1 else {
        return .declined("'\(net.graph[value].name)' has \(net.graph[value].uses.count) readers")
      }
      guard let scaled = tensor.scaled(runs: 1, of: tensor.count, by: { _ in factor }) else {
        continue
      }
      guard scaled.isScaled(from: tensor) else {
        return .declined("'\(net.graph[value].name)' would overflow or vanish")
      }
      net.replaceConstant(id, slot: slot, stem: net.graph[value].name, with: scaled)
      net.setAttribute(id, name, nil)
      return .applied("\(name) went into '\(net.graph[net.input(id, slot)!].name)'")
    }
    return .noMatch
  }
}
